"""The comparison as tables and as a page."""
