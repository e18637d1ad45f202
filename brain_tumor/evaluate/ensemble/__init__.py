"""Several runs scored together."""
