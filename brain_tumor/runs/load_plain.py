"""A checkpoint's file: plain values alone, and the bytes that were written."""

import zipfile
from pathlib import Path
from typing import Any

import torch


def load_plain(path: Path, map_location: Any = "cpu") -> Any:
    """Load what `torch.save` wrote, without running code from it.

    The file is a zip archive with a checksum for each tensor, which torch itself does not look at.

    Args:
        path: The file.
        map_location: Where tensors go, as `torch.load` takes it.

    Raises:
        ValueError: A tensor is not as it was written, or the file is compressed: a few bytes could
            become more than memory holds.
        Exception: The file is damaged, or holds more than plain values; torch, pickle and zip each
            have their own kinds.
    """
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} is not as it was written")
    return torch.load(path, map_location=map_location, weights_only=True)
