"""Batch ingestion: uploads, promotion into the lake with XDM validation, replay and revert."""
