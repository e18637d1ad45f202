"""Look at the data before the first epoch."""
