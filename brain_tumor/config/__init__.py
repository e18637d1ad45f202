"""What a configuration may hold, and what of it is built."""
