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
    """Whether a run is the same to the last bit each time.

    Attributes:
        asked: `trainer.deterministic`.
        device_honours: Whether every operator has a deterministic kernel on the device.
    """

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
    """A process that continued a run.

    Attributes:
        after_epoch: Epochs that were done.
        at: When, ISO 8601.
        command: Its command line, without the interpreter.
    """

    after_epoch: int
    at: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class TrialRecord:
    """A run as a trial of a study.

    Attributes:
        number: Of the trial.
        values: Its values, by dotted key.
        objective: The score that the study optimises.
        value: Its value in the best epoch.
        best_epoch: That epoch, from 1.
    """

    number: int
    values: Mapping[str, Any]
    objective: str
    value: float
    best_epoch: int


@dataclass(frozen=True, kw_only=True)
class RunRecord(Provenance):
    """The content of `run.json`; None is what an earlier version did not write, or is not reached.

    Attributes:
        started: When the run began, ISO 8601.
        device: A card's own name, `CPU` or `MPS`.
        devices: How many, in each process group member's machine.
        world_size: Processes that trained.
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

    started: str | None = None
    device: str | None = None
    devices: int | None = None
    world_size: int | None = None
    threads: int | None = None
    precision: str | None = None
    deterministic: Determinism | None = None
    seed: int
    split_seed: int | None = None
    data: RunData
    parameters: ParameterCounts | None = None
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
    unknown = {"command": [], "versions": {}, "machine": "", "hardware": {}}
    return unknown | {"git": None, "git_dirty": None} | content


RUN = JsonFile("run.json", RunRecord, upgrade=_upgrade, checked=False)
