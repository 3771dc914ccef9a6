"""Metadata: SHOW, what drivers and psql ask for."""
