"""Train and score classifiers of brain MRI scans, and show how far a score can be believed.

For research and teaching only. Nothing here is a medical device or may be used for diagnosis.
"""

__version__ = "0.5.0"
