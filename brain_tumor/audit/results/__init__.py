"""What an audit found, as frozen dataclasses, and the file that holds them."""
