"""Our Query Service beside Apache Spark: the same queries over the same files."""
