"""Train and score classifiers of brain MRI scans, and show how far a score can be believed.

For research and teaching only. Nothing here is a medical device or may be used for diagnosis.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain_tumor.api import Run as Run
    from brain_tumor.api import audit as audit
    from brain_tumor.api import compare as compare
    from brain_tumor.api import evaluate as evaluate
    from brain_tumor.api import predict as predict
    from brain_tumor.api import prepare as prepare
    from brain_tumor.api import train as train
    from brain_tumor.errors import BrainTumorError as BrainTumorError
    from brain_tumor.predict.classifier import load_classifier as load_classifier

# Imported once they are asked for: torch takes seconds. A command's folder is the function, too.
_OBJECTS = {
    "BrainTumorError": "brain_tumor.errors",
    "Run": "brain_tumor.api",
    "load_classifier": "brain_tumor.predict.classifier",
}
_COMMANDS = ("audit", "compare", "evaluate", "predict", "prepare", "train")

__all__ = ["__version__", *_OBJECTS, *_COMMANDS]
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
    if name in _OBJECTS:
        return getattr(import_module(_OBJECTS[name]), name)
    if name in _COMMANDS:
        return import_module(f"brain_tumor.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
