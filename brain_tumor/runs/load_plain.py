"""A checkpoint's file: plain values alone, and the bytes that were written."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

SHARED = 4  # tensors may share memory, such as tied weights, but not more of them


def load_plain(path: Path, map_location: Any = "cpu") -> Any:
    """Load what `torch.save` wrote, without running code from it.

    The file is a zip archive with a checksum for each tensor, which torch itself does not look at.
    ValueError where a tensor is not as it was written, the file is compressed, or its tensors have
    more values than it holds: a few bytes could become more than memory holds. Torch, pickle and
    zip each raise their own kinds over other damage.
    """
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("it is compressed")
        damaged = archive.testzip()
        size = sum(member.file_size for member in archive.infolist())
    if damaged is not None:
        raise ValueError(f"{damaged} is not as it was written")
    content = torch.load(path, map_location=map_location, weights_only=True)
    # A tensor of strides 0 has as many values as it says, all of them in four bytes.
    if sum(one.numel() * one.element_size() for one in _tensors(content)) > SHARED * size:
        raise ValueError("its tensors have more values than it holds")
    return content


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tensors(one)
