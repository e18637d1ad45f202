"""What a benchmark measured, as frozen dataclasses, and the file `benchmark.json` that holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brain_tumor.metrics.timing import Spread
from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.json_file import JsonFile


@dataclass(frozen=True)
class SideTimes:
    """What one side took.

    Attributes:
        cost: Seconds per scan, or per turn where there are no scans.
        seconds: Of each turn that counts.
        scans: Scans of a turn; None where the work is not done per scan.
        extras: What else it measured, by name: `processor`, seconds of all cores in a whole turn;
            `first`, seconds from the start of the process to the end of its first turn; `prepare`,
            those of them that prepared scans; `fixed`, what an epoch takes beside its batches.
        threads: Threads of torch; None for as many as it takes.
        peak_resident: Most resident memory of its process, in bytes; None where that is not known.
        peak_anonymous: Most anonymous memory with its loader workers, likewise.
    """

    cost: Spread
    seconds: tuple[float, ...]
    scans: int | None
    extras: Mapping[str, Spread]
    threads: int | None
    peak_resident: int | None
    peak_anonymous: int | None


@dataclass(frozen=True)
class NamedPeer:
    """A peer's title, and what it is."""

    title: str
    what: str


@dataclass(frozen=True)
class RatioRow:
    """Our side beside a peer, or by itself.

    Attributes:
        peer: The peer; None where there is none.
        target: How many times the peer's median ours may be, or how many seconds; None for none.
        ratio: Ours by the peer's; None without a peer, or where it was not measured.
        met: Whether the target is met; None likewise.
        fault: Why it was not measured; None where it was.
    """

    peer: str | None
    target: float | None
    ratio: Spread | None = None
    met: bool | None = None
    fault: str | None = None


@dataclass(frozen=True)
class HeldContest:
    """A contest: what lies inside the clock, who took part, and what came out."""

    name: str
    title: str
    inside: str
    peers: Mapping[str, NamedPeer]
    sides: Mapping[str, SideTimes]
    rows: tuple[RatioRow, ...]


@dataclass(frozen=True)
class GrowthSeries:
    """One kind of work at three sizes; `sides` and `failed` by the size as text."""

    title: str
    axis: str
    sizes: tuple[int, ...]
    sides: Mapping[str, SideTimes]
    failed: Mapping[str, str]


@dataclass(frozen=True)
class TrainedSet:
    """Training on a set of so many scans: its side, or the fault that left it out."""

    scans: int
    bytes: int
    num_workers: int
    side: SideTimes | None
    fault: str | None


@dataclass(frozen=True)
class LargerSet:
    """Training on a set larger than memory beside one that fits; memory in bytes."""

    physical_memory: int | None
    sets: tuple[TrainedSet, ...]


@dataclass(frozen=True)
class CudaTraining:
    """A whole training on an NVIDIA card, and some epochs of one under the profiler."""

    model: str
    epochs: int
    whole: SideTimes | None
    profiled: SideTimes | None
    fault: str | None


@dataclass(frozen=True)
class Machine:
    """What the numbers were taken on.

    Attributes:
        processor: Its name.
        cores: How many.
        memory: In bytes; None where that is not known.
        card: The graphics card; None without one.
        threads: Threads of torch.
        load: Processes that wanted to run, on average over the last minute; ours are among them.
    """

    processor: str
    cores: int | None
    memory: int | None
    card: str | None
    threads: int
    load: float | None


@dataclass(frozen=True)
class MeasuredData:
    """The scans: whether they are drawn phantoms, how many raw files and kept scans there are."""

    name: str
    drawn: bool
    raw: int
    kept: int
    fingerprint: str


@dataclass(frozen=True)
class Asked:
    """What was asked for, as `conf/benchmark.yaml` explains it."""

    repeats: int
    steps: int
    lead: int
    growth_repeats: int
    warm_up: int
    peer_workers: int
    cuda_epochs: int
    threads: int | None
    raw_scans: int | None
    test_scans: int | None
    epoch_scans: int | None = None


@dataclass(frozen=True)
class BenchmarkProvenance(Provenance):
    """What made a benchmark, and when it began, ISO 8601."""

    started: str


@dataclass(frozen=True)
class Benchmark:
    """The content of `benchmark.json`; what was not asked for is None or empty.

    Attributes:
        provenance: What made it.
        machine: What the numbers were taken on.
        data: The scans.
        asked: What was asked for.
        contests: Our side beside its peers.
        growth: How what we need grows.
        larger_than_memory: Training on a set larger than memory.
        cuda: Whole trainings on an NVIDIA card; a sentence where there is none.
    """

    provenance: BenchmarkProvenance
    machine: Machine
    data: MeasuredData
    asked: Asked
    contests: tuple[HeldContest, ...] = ()
    growth: tuple[GrowthSeries, ...] | None = None
    larger_than_memory: LargerSet | None = None
    cuda: tuple[CudaTraining, ...] | str | None = None


def benchmark_file(name: str = "benchmark.json") -> JsonFile[Benchmark]:
    """Give the file, of another name where several are kept."""
    return JsonFile(name, Benchmark, upgrade=_upgrade, checked=False)


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version, up to 0.6, to today's fields."""
    made = {"hardware": {}, "git_dirty": None} | content["provenance"]
    return content | {"provenance": made}
