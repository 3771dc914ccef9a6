"""The PostgreSQL protocol, version 3, over TLS."""
