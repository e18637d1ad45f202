"""`run.json`: what a run is made of, how far it came, and what it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.json_file import JsonFile

Status = Literal[
    "started", "interrupted", "failed", "trained", "pruned", "finished", "fast_dev_run"
]


@dataclass(frozen=True)
class RunData:
    """The scans of a run.

    Attributes:
        name: Name of the data set.
        fingerprint: Of the prepared set, hexadecimal.
        prepared: Its folder.
        trained_on: Fingerprint at the time of training, where groups were found anew since then;
            None where they were not.
    """

    name: str
    fingerprint: str
    prepared: str
    trained_on: str | None = None


@dataclass(frozen=True)
class ParameterCounts:
    """Parameters of a network: `all` of them, and those that are `trained`."""

    all: int
    trained: int


@dataclass(frozen=True)
class Determinism:
    """`trainer.deterministic` as asked, and whether the device has such kernels alone."""

    asked: bool | Literal["warn"] | None
    device_honours: bool


@dataclass(frozen=True)
class PeakMemory:
    """Most memory held since the process began, so in a sweep by any job so far; bytes.

    Attributes:
        process: Resident; None on Windows.
        device: Of tensors on a CUDA card; what Metal's driver holds now on MPS, which counts no
            peak; None on a CPU.
    """

    process: int | None
    device: int | None


@dataclass(frozen=True)
class Resumed:
    """A process that continued a run after some epochs, when (ISO 8601), and its command line."""

    after_epoch: int
    at: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class TrialRecord:
    """A trial of a study: its values by dotted key, and the objective's in its best epoch."""

    number: int
    values: Mapping[str, Any]
    objective: str
    value: float
    best_epoch: int


@dataclass(frozen=True, kw_only=True)
class RunRecord(Provenance):
    """The content of `run.json`; None is what comes later, or a version before 0.5 did not write.

    Attributes:
        started: When the run began, ISO 8601.
        device: A card's own name, `CPU` or `MPS`.
        devices: How many of them.
        world_size: Processes that train.
        threads: Threads of torch.
        precision: Lightning's name of it.
        deterministic: Whether the run is the same each time.
        seed: Of weights, order and augmentation.
        split_seed: Of the split; None also where it has none.
        data: Its scans.
        parameters: Of the network.
        overrides: What train's command line changed; None where none was typed.
        fingerprint: Of configuration and package, hexadecimal (see `identity.run_fingerprint`).
        resumed: Each process that continued the run.
        seconds_fit: Seconds of training.
        epochs: Epochs trained.
        peak_memory: Most memory held.
        seconds: Seconds of training and scoring.
        status: How far it came.
        scored: File name of the checkpoint that was scored.
        trial: What it is in a study; None outside one.
    """

    started: str
    device: str
    devices: int | None = None
    world_size: int | None = None
    threads: int
    precision: str | None = None
    deterministic: Determinism | None = None
    seed: int
    split_seed: int | None = None
    data: RunData
    parameters: ParameterCounts
    overrides: tuple[str, ...] | None = None
    fingerprint: str | None = None
    resumed: tuple[Resumed, ...] = ()
    seconds_fit: float | None = None
    epochs: int | None = None
    peak_memory: PeakMemory | None = None
    seconds: float | None = None
    status: Status
    scored: str | None = None
    trial: TrialRecord | None = None


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version, up to 0.6, to today's fields."""
    return {"hardware": {}, "git_dirty": None} | content


RUN = JsonFile("run.json", RunRecord, upgrade=_upgrade, checked=False)
