"""What made a number: command, versions, machine and commit."""

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Those that a score, a curve or the speed of a run can depend on.
PACKAGES = (
    *("torch", "torchvision", "lightning", "torchmetrics", "hydra-core", "omegaconf"),
    *("numpy", "scipy", "scikit-learn", "opencv-python", "opencv-python-headless", "pillow"),
    *("tensorboard", "matplotlib"),
)


@dataclass(frozen=True)
class Provenance:
    """What made a number.

    Attributes:
        command: The command line, without the interpreter.
        versions: Versions of Python and packages by name; None where one is not installed.
        machine: System and architecture, in words.
        hardware: The machine in more detail, with `cores` and `memory` (bytes).
        git: Commit of the code, `-dirty` behind it where files that git knows were changed; None
            outside a checkout.
        git_dirty: Whether any were changed; None outside a checkout.
    """

    command: tuple[str, ...]
    versions: Mapping[str, str | None]
    machine: str
    hardware: Mapping[str, str | int | None]
    git: str | None
    git_dirty: bool | None


def provenance() -> Provenance:
    """Tell what made a number."""
    commit = git_commit(Path(__file__).resolve().parents[2])
    return Provenance(
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        versions={"python": platform.python_version()}
        | {name: installed(name) for name in ("brain-tumor", *PACKAGES)},
        machine=f"{platform.system()} {platform.machine()}",
        hardware={
            "system": platform.platform(),
            "architecture": platform.machine(),
            "processor": processor(),
            "cores": os.cpu_count(),
            "memory": physical_memory(),
        },
        git=commit,
        git_dirty=None if commit is None else commit.endswith("-dirty"),
    )


def installed(package: str) -> str | None:
    """Give the version of an installed package; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:  # one of two OpenCVs, or a checkout that is not installed
        return None


def git_commit(root: Path) -> str | None:
    """Give the commit of the checkout whose top is `root`; None where there is none.

    An installed package may lie inside somebody's repository, and so may the folder a user works
    in: neither commit says anything about this code.
    """
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if Path(_git(root, "rev-parse", "--show-toplevel")) == root:
            return _git(root, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return ended.stdout.strip()


def processor() -> str:
    """Give the processor's name, or its architecture where the system tells no more."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def physical_memory() -> int | None:
    """Give the machine's memory in bytes; None where it does not tell."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None
