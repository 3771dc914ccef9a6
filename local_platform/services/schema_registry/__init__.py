"""Schema Registry: Adobe's library, the tenant's field groups and schemas, descriptors, unions."""
