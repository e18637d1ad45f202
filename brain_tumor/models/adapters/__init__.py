"""Networks of other libraries and of your own, under the contract of `models/network.py`."""
