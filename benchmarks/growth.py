"""How what we need grows: with the number of scans, their side, and the size of a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.contests import contests
from benchmarks.made_set import write_set
from benchmarks.materials import Materials
from benchmarks.measuring import Notify, take_turns
from benchmarks.process import Work
from benchmarks.results import GrowthSeries

SIDES = (128, 256, 384)  # pixels
BATCHES = (8, 32, 128)  # scans
TIMES = (1, 2, 4)
PARTS = (4, 2, 1)  # of the raw scans, one in so many


def measure_growth(materials: Materials, notify: Notify) -> tuple[GrowthSeries, ...]:
    """Measure each kind of work at three sizes, the sizes in turns."""
    warm_up, repeats = int(materials.config.warm_up), int(materials.config.growth_repeats)
    found = []
    for title, axis, sizes, works in _series(materials):
        named = {str(size): work for size, work in zip(sizes, works, strict=True)}
        name = f"{title} by {axis}"
        sides, failed = take_turns(name, named, warm_up, repeats, notify)
        found.append(GrowthSeries(title, axis, tuple(sizes), sides, failed))
    return tuple(found)


def _series(
    materials: Materials,
) -> Iterator[tuple[str, str, Sequence[int], list[Work]]]:
    laid_out = contests(materials)
    prepare = laid_out["prepare"]().ours
    raw = len(materials.prepared.manifest)
    counts = [raw // part for part in PARTS]
    jobs = [materials.raw_part(count).preparing() for count in counts]
    yield "prepare", "scans", counts, [replace(prepare, job=job) for job in jobs]
    few = materials.raw_part(counts[0])  # the search for near-duplicates knows no side
    jobs = [few.preparing({"crop.size": side}) for side in SIDES]
    yield "prepare", "side (px)", SIDES, [replace(prepare, job=job) for job in jobs]

    augment = laid_out["augment"]().ours
    folders = [
        write_set(materials.prepared, materials.scratch / f"{side}px", side=side) for side in SIDES
    ]
    scans = materials.epoch_scans(int(materials.config.steps))
    jobs = [
        materials.training("gbmnet", prepared=folder) | {"train_scans": scans} for folder in folders
    ]
    yield "augment", "side (px)", SIDES, [replace(augment, job=job) for job in jobs]
    yield "augment", "batch", BATCHES, _by_batch(materials, augment, "gbmnet")

    steps = int(materials.config.steps)
    for model in ("gbmnet", "mobilenetv2"):
        train = laid_out[f"train_{model}"]().ours
        jobs = [materials.training(model, steps * times) for times in TIMES]
        counts = [job["steps"] * materials.batch_size for job in jobs]
        yield f"train {model}", "scans", counts, [replace(train, job=job) for job in jobs]
        yield f"train {model}", "batch", BATCHES, _by_batch(materials, train, model)
    # GBMnet's fully connected layer is made for 256 pixels; the other resizes what it is given.
    jobs = [
        materials.training(model, prepared=folder) | {"train_scans": scans} for folder in folders
    ]
    yield f"train {model}", "side (px)", SIDES, [replace(train, job=job) for job in jobs]

    score = laid_out["score_gbmnet"]().ours
    tested = len(materials.split.test)
    counts = [tested * times for times in TIMES]
    job = materials.training("gbmnet")
    works = [replace(score, job=job | {"test_scans": count}) for count in counts]
    yield "score gbmnet", "scans", counts, works
    yield "score gbmnet", "batch", BATCHES, _by_batch(materials, score, "gbmnet")


def _by_batch(materials: Materials, work: Work, model: str) -> list[Work]:
    # The same scans per turn, as nearly as whole batches allow: fewer, larger steps.
    scans = int(materials.config.steps) * materials.batch_size
    return [
        replace(
            work,
            job=materials.training(model, max(scans // batch, 2), {"data.batch_size": batch}),
        )
        for batch in BATCHES
    ]
