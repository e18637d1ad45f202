"""What a small benchmark measured."""

from benchmarks.results import (
    Asked,
    Benchmark,
    BenchmarkProvenance,
    GrowthSeries,
    HeldContest,
    LargerSet,
    Machine,
    MeasuredData,
    NamedPeer,
    RatioRow,
    SideTimes,
    TrainedSet,
)
from brain_tumor.metrics.timing import Spread


def side(median: float, scans: int | None, extras: dict[str, Spread] | None = None) -> SideTimes:
    return SideTimes(
        cost=Spread(median, median * 0.9, median * 1.2),
        seconds=(median * (scans or 1),) * 3,
        scans=scans,
        extras=extras or {},
        threads=None,
        peak_resident=300 * 2**20,
        peak_anonymous=None,
    )


def record() -> Benchmark:
    ratio = Spread(0.3125, 0.9 * 0.3125, 1.1 * 0.3125)
    train = HeldContest(
        name="train_gbmnet",
        title="train gbmnet",
        inside="batches of 32",
        peers={
            "plain_loop": NamedPeer("plain loop", "plain PyTorch"),
            "kornia": NamedPeer("Kornia", "its operations"),
        },
        sides={
            "ours": side(0.0125, 384, {"fixed": Spread(0.5, 0.4, 0.6)}),
            "plain_loop": side(0.04, 384),
        },
        rows=(
            RatioRow("plain_loop", 0.4, ratio, True),
            RatioRow("kornia", 1.0, fault="kornia is not installed"),
        ),
    )
    start = HeldContest(
        name="help",
        title="train --help",
        inside="a process of its own",
        peers={},
        sides={"ours": side(1.75, None)},
        rows=(RatioRow(None, 1.5, None, False),),
    )
    return Benchmark(
        provenance=BenchmarkProvenance(
            command=("benchmarks",),
            versions={"python": "3.11.7", "torch": "2.15.0"},
            machine="Linux x86_64",
            hardware={},
            git=None,
            git_dirty=None,
            started="2026-01-02T03:04:05+00:00",
        ),
        machine=Machine("A processor", 2, 24 * 2**30, None, 2, 0.1),
        data=MeasuredData("phantom", True, 658, 600, "ab"),
        asked=Asked(3, 12, 4, 2, 1, 2, 200, None, 1400, None),
        contests=(train, start),
        growth=(
            GrowthSeries(
                "augment",
                "batch",
                (8, 32, 1280),
                {"8": side(0.002, 64), "32": side(0.001, 64)},
                {"1280": "out of memory"},
            ),
        ),
        larger_than_memory=LargerSet(
            24 * 2**30,
            (
                TrainedSet(6589, 6589 * 65536, 0, side(0.0125, 384), None),
                TrainedSet(400_000, 400_000 * 65536, 2, None, "the disk is full"),
            ),
        ),
        cuda="No NVIDIA card is here: whole trainings on one were not timed.",
    )
