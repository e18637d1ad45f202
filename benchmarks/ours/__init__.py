"""The package's side of each comparison."""
