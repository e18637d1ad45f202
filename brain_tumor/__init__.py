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

# These report their use or their errors to their makers, and onnxruntime leaves files in the home
# folder, unless this is set before they are imported. Here, because torchmetrics and torch's
# exporter may import onnxruntime before us.
for _name, _value in {
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
}.items():
    os.environ.setdefault(_name, _value)


def __getattr__(name: str) -> Any:
    """Give `load_classifier` once it is asked for: torch takes seconds to import."""
    if name == "load_classifier":
        return import_module("brain_tumor.predict.classifier").load_classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
