"""The process that torch and Lightning run in: devices, ranks, signals, precision."""
