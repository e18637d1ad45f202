"""What is on disk: files of scans, folders, tables."""
