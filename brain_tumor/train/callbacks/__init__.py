"""What is done while a network trains."""
