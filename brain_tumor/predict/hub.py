"""`run=hf://OWNER/NAME`: an exported model from the Hugging Face hub, read as ONNX alone."""

import os
import re
from pathlib import Path

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.export.release import MODEL

HUB = "hf://"
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def fetch_model(address: str) -> Path:
    """Fetch the network of a release, and nothing else of it; one that is there is not fetched.

    Args:
        address: `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION`.

    Returns:
        The ONNX file in the hub's cache on this machine.

    Raises:
        ConfigError: The address is none, or `huggingface_hub` is not installed.
        DataError: It cannot be fetched, or holds no such file.
    """
    name, at, revision = address.removeprefix(HUB).partition("@")
    if not _NAME.fullmatch(name) or (at and not revision):
        raise ConfigError(
            f"run={address} names no model: write hf://OWNER/NAME or hf://OWNER/NAME@REVISION"
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(
            "Models of the Hugging Face hub need huggingface_hub: pip install 'brain-tumor[hub]'."
        ) from error
    try:
        folder = snapshot_download(name, revision=revision or None, allow_patterns=[MODEL])
    except Exception as error:  # of the hub, of the network library and of the disk
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(
            f"{address} cannot be fetched ({reason}): look at the name and at the network."
        ) from error
    file = Path(folder, MODEL)
    if not file.is_file():
        raise DataError(
            f"{address} holds no {MODEL}: make a release with `make release-checkpoint`, and "
            "upload that folder."
        )
    return file
