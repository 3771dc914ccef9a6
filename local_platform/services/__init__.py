"""The REST services, one folder each: state knows nothing of HTTP, routes know nothing of files."""
