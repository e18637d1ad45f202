"""What probes find, as plain values from a child process; and a finding: mark, sentence, fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Literal, get_args

WIDTH = 80  # characters of a line

# note: training runs, but something is worth knowing. wrong: it fails, or must not be started.
Mark = Literal["ok", "note", "wrong"]
MARKS: tuple[Mark, ...] = get_args(Mark)


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
    """The device that would train; where it is not available, nothing else is known.

    `kind` is None where a GPU is asked for and there is none; `reason` is why torch takes no CUDA
    card, in its words. `difference` is the largest of a small gradient, of values near 1, from the
    CPU's. `name`, `count` and `free` bytes are those of cards; `bf16` tells whether a CPU has
    instructions for it.
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
    """The network, built.

    `weights` are `none`, or their file, None where that is not known before the first run fetches
    them.
    """

    parameters: int
    weights: str | None
    download: bool


@dataclass(frozen=True)
class FoundScans:
    """The raw scans, as far as nothing is fetched or drawn.

    `root` is None where they are yet to be fetched; `download` is the handle of what is then.
    `counts` are by published part; `differing` has part, class, number of files and the number
    published.
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


@dataclass(frozen=True)
class Finding:
    """One finding of a check; `fix` is a shell command, or what to add to the command.

    Example:
        >>> print(Finding("wrong", "scans", "There is no folder x.", "add data.root=FOLDER"))
        wrong  scans        There is no folder x.
                            fix: add data.root=FOLDER
    """

    mark: Mark
    topic: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        first = f"{self.mark:<6} {self.topic:<12} "
        said = fill(
            " ".join(self.message.split()),
            WIDTH,
            initial_indent=f"{first:<20}",
            subsequent_indent=" " * 20,
            break_long_words=False,  # such as a path
            break_on_hyphens=False,
        )
        return f"{said}\n{'':<19} fix: {self.fix}" if self.fix else said
