"""Would the configured training run on this machine?

Libraries that may crash or hang are imported only in child processes (`child.py`).
"""
