"""External audiences: people listed in files of a cloud storage, ingested on request, kept for some days."""
