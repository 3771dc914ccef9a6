"""Reading SQL: types, the dialect, statements."""
