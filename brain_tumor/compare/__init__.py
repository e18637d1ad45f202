"""Pool and compare finished runs."""
