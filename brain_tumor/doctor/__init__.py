"""Checks of a machine: would the configured training run here?

What may crash or hang is imported and tried in processes of its own, so that the doctor survives
what it looks for.
"""
