"""Identity namespaces: Adobe's and the tenant's own."""
