"""The prepared set: cropped, deduplicated scans in one folder."""
