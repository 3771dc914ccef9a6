"""Flow Service: connections, dataflows, runs; dataset export and audience activation to the landing zone."""
