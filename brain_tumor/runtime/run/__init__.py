"""A run's folder, and what it tells of itself."""
