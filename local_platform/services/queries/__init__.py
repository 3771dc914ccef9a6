"""Query Service over HTTP: connection parameters, queries, templates, schedules. Rows never come back this way."""
