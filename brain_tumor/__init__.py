"""Train and score classifiers of brain MRI scans, and show how far a score can be believed.

For research and teaching only. Nothing here is a medical device or may be used for diagnosis.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain_tumor.predict.classifier import load_classifier

__all__ = ["__version__", "load_classifier"]
__version__ = "0.6.0"

# onnxruntime reports its use to its maker, and leaves files in the home folder, unless this is set
# before it is imported. Here, because torchmetrics and torch's exporter may import it before us.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> Any:
    """Give `load_classifier` once it is asked for: torch takes seconds to import."""
    if name == "load_classifier":
        return import_module("brain_tumor.predict.classifier").load_classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
