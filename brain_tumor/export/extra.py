"""The packages of the extra `export`, imported where they are needed."""

from importlib import import_module
from types import ModuleType

from brain_tumor.errors import ConfigError


def needed(name: str) -> ModuleType:
    """Import a module of onnx, onnxscript or onnxruntime; ConfigError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"ONNX files need {name.partition('.')[0]}: pip install 'brain-tumor[export]'."
        ) from error
