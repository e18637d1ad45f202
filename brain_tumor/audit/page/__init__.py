"""The audit as a page, a section per file."""
