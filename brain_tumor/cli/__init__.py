"""What makes a function a command: its configuration, exit status, errors and sweeps."""
