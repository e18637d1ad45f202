"""New scans through a trained network."""
