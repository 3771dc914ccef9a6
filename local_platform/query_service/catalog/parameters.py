"""The parameters of a session that PostgreSQL clients are told, as SHOW prints them."""

PARAMETERS = {
    "server_version": "0.1.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "lc_collate": "en_US.UTF-8",
    "lc_ctype": "en_US.UTF-8",
    "is_superuser": "off",
    "datestyle": "ISO, MDY",
    "timezone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "transaction_isolation": "read committed",
}
