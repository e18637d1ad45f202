"""Folders that a run writes to."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine


def needed_folders(machine: Machine) -> Iterator[Finding]:
    """Try the folders without which a run fails, by a file that is removed at once."""
    config = machine.config
    places = [
        ("runs", str(config.runs), "give runs=FOLDER"),
        (
            "prepared sets",
            str(config.data.prepared),
            "give data.prepared=FOLDER",
        ),
    ]
    if config.data.source == "phantom":
        places.append(("phantoms", str(config.data.root), "give data.root=FOLDER"))
    try:
        places.append(("temporary files", tempfile.gettempdir(), "set TMPDIR to a writable folder"))
    except FileNotFoundError:  # Python has tried all it knows
        yield broken("temporary", "no folder for temporary files is writable", "set TMPDIR to one")
    whole = []
    for name, place, remedy in places:
        path = Path(place).expanduser().absolute()
        reason = why_not_writable(path)
        if reason is None:
            whole.append(str(path))
        else:
            yield broken("folders", f"{path} ({name}) cannot be written to: {reason}", remedy)
    if whole:
        yield ok("folders", f"{', '.join(whole)} can be written to")


def cache_folders(machine: Machine) -> Iterator[Finding]:
    """Try the folders that libraries keep things in."""
    places = [("matplotlib", matplotlib_cache(), "set MPLCONFIGDIR to a writable folder")]
    if machine.config.model.get("weights") == "imagenet":
        places.append(("torch hub", torch_cache(), "set TORCH_HOME to a writable folder"))
    reasons = [(name, path, why_not_writable(path), remedy) for name, path, remedy in places]
    for name, path, reason, remedy in reasons:
        if reason is not None:
            yield warning("caches", f"{path} ({name}) cannot be written to: {reason}", remedy)
    if all(reason is None for _, _, reason, _ in reasons):
        yield ok("caches", f"{', '.join(str(path) for _, path, _, _ in reasons)} can be written to")


def existing_part(path: Path) -> Path:
    """Give the path itself, or the nearest folder above it that exists."""
    absolute = path.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())


def why_not_writable(path: Path) -> str | None:
    """Write a small file where the folder is or would be made, and remove it.

    Returns:
        What the system said; None where all went well.
    """
    place = existing_part(path)
    if not place.is_dir():
        return f"{place} is a file"
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as file:
            file.write(bytes(4096))  # a full disk makes empty files
            file.flush()
    except OSError as error:
        return str(error.strerror)
    return None


def matplotlib_cache() -> Path:
    """Give where matplotlib keeps its list of fonts."""
    given = os.environ.get("MPLCONFIGDIR")
    return Path(given) if given else _user_cache() / "matplotlib"


def torch_cache() -> Path:
    """Give where `torch.hub` keeps weights."""
    given = os.environ.get("TORCH_HOME")
    return (Path(given).expanduser() if given else _user_cache() / "torch") / "hub"


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
