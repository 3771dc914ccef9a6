"""Real-Time Customer Profile over HTTP: entities, merge policies, sample status, delete jobs."""
