"""Measures of an audit, from arrays: copies, agreement with known slices, shortcuts."""
