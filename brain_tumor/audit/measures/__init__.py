"""What an audit measures of scans: copies, near-duplicates that were missed, shortcuts."""
