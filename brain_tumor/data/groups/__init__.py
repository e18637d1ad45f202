"""Which scans belong together: patients, slices, near-duplicates."""
