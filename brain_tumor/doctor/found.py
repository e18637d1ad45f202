"""What probes find, as types: plain values, since they come from a child process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why a probe failed, and the name of the error's class; empty where the process ended."""

    error: str
    type: str = ""


@dataclass(frozen=True)
class Library:
    """The version of a library that works."""

    version: str


@dataclass(frozen=True)
class Torch(Library):
    """torch, with the CUDA that it was built for, None for none, and its number of threads."""

    cuda: str | None
    threads: int


@dataclass(frozen=True)
class Device:
    """The device that would train.

    Attributes:
        kind: `cpu`, `cuda` or `mps`; None where a GPU is asked for and there is none.
        available: Whether it is there; else nothing below is known.
        reason: Why torch takes no CUDA card, in its words; empty where it gives none.
        difference: Largest difference of a small gradient, of values near 1, from the CPU's.
        name: A card's own name; None for other kinds.
        count: Number of cards, likewise.
        free: Bytes of a card's memory that are free, likewise.
        bf16: Whether a CPU has instructions for bf16; None for other kinds.
    """

    kind: str | None
    available: bool
    reason: str
    difference: float = 0.0
    name: str | None = None
    count: int | None = None
    free: int | None = None
    bf16: bool | None = None


@dataclass(frozen=True)
class BuiltNetwork:
    """The network, built, with its weights.

    Attributes:
        parameters: Number of parameters.
        weights: `none`, or their file; None where that is not known before they are fetched.
        download: Whether the first run fetches them.
    """

    parameters: int
    weights: str | None
    download: bool


@dataclass(frozen=True)
class FoundScans:
    """The raw scans, as far as nothing is fetched or drawn.

    Attributes:
        root: Their folder; None where they are yet to be fetched.
        download: The handle of what the first run fetches; None where that is nothing.
        draw: Whether the first run draws them.
        downloaded: Whether Kaggle's files are there.
        counts: Number of scans by published part.
        differing: Part, class, number of files and the number published, where these differ.
    """

    root: str | None = None
    download: str | None = None
    draw: bool = False
    downloaded: bool = False
    counts: Mapping[str, int] | None = None
    differing: Sequence[tuple[str, str, int, int]] = ()


# What each probe finds, by its name.
PROBES = {
    "torch": Torch,
    "torchvision": Library,
    "device": Device,
    "network": BuiltNetwork,
    "opencv": Library,
    "scans": FoundScans,
}
Found = Torch | Library | Device | BuiltNetwork | FoundScans | Failure | None
