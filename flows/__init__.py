"""Prefect flows: they order, retry and record the runner's steps; no business logic lives here."""
