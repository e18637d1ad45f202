"""Checkpoints that are whole on disk or not there, and which of them a training goes on from."""

import contextlib
import errno
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from brain_tumor.errors import TrainingError
from brain_tumor.runs.atomic_file import written_whole
from brain_tumor.runs.identity import moved

LAST = "last.ckpt"
BEFORE_LAST = "before_last.ckpt"  # kept while training goes on, for the case that LAST is damaged
# Without these Lightning cannot go on; a file may be a readable state_dict and lack them.
NEEDED = frozenset({"state_dict", "optimizer_states", "lr_schedulers", "loops", "callbacks"})
SHARED = 4  # tensors may share memory, such as tied weights, but not more of them


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and renames it into it, once the disk has it.

    Of `last.ckpt` the one before stays, as `before_last.ckpt`. Lightning's own way puts files
    together in the system's temporary folder, from where they are copied if that is another disk:
    killed meanwhile, half a file would be left.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint; after a TrainingError, which names the fix, what was there stays."""
        place = Path(path)
        aside = place.with_name(BEFORE_LAST) if place.name == LAST else None
        try:
            with written_whole(place, aside) as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            # The second is what torch's writer makes of the first, and of Ctrl-C.
            first = error if isinstance(error, OSError) else error.__context__
            if isinstance(first, KeyboardInterrupt):
                raise first from None
            reason = getattr(first, "strerror", None) or "is the disk full?"
            full = getattr(first, "errno", None) in (None, errno.ENOSPC, errno.EDQUOT)
            fix = "free some space there" if full else "make room for a file of that name"
            raise TrainingError(
                f"The checkpoint {place} cannot be written ({reason}): {fix}; "
                f"resume={place.parent.parent} then resumes from the epoch before."
            ) from error

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Callable[..., Any] | None = lambda storage, loc: storage,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Load a checkpoint as plain values, for the folder in which it lies now.

        What a `ModelCheckpoint` remembers of its best file holds for the folder that it was written
        in; Lightning would forget the best score where a run's folder was moved.
        """
        place = Path(path)
        checkpoint = read_checkpoint(place, map_location)
        states = checkpoint["callbacks"]
        for name, state in states.items():
            if isinstance(state, dict) and "dirpath" in state:
                here = os.path.realpath(place.parent)
                states[name] = moved(state, str(state["dirpath"]), here)
        return checkpoint


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint as `load_plain` does; ValueError where it lacks what training needs."""
    checkpoint = load_plain(path, map_location)
    if not isinstance(checkpoint, dict) or not checkpoint.keys() >= NEEDED:
        raise ValueError("it is no checkpoint of a training")
    return checkpoint


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


def newest_whole(folder: Path) -> tuple[Path | None, dict[str, Any], list[str]]:
    """Find the checkpoint in `folder` from which a training goes on, None where there is none.

    Its content comes with it, and a sentence for each damaged one.
    """
    damaged: list[str] = []
    for name in (LAST, BEFORE_LAST):
        path = folder / name
        if path.is_file():
            try:
                return path, read_checkpoint(path), damaged
            except Exception as error:
                damaged.append(f"{path} is damaged ({type(error).__name__}) and passed over.")
    return None, {}, damaged


def forget_before_last(folder: Path) -> None:
    """Remove what was kept for the case of a damaged `last.ckpt`."""
    with contextlib.suppress(OSError):
        (folder / BEFORE_LAST).unlink(missing_ok=True)
