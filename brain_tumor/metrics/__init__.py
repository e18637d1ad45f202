"""Numbers from arrays. Nothing here opens a file."""
