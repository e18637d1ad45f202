"""Training on a prepared set that does not fit into memory, beside one that does."""

import shutil
from dataclasses import replace

from benchmarks.contests import contests
from benchmarks.made_set import write_set
from benchmarks.materials import Materials
from benchmarks.measuring import Notify, take_turns
from benchmarks.results import LargerSet, TrainedSet
from brain_tumor.errors import ConfigError
from brain_tumor.runs.provenance import physical_memory

WORKERS = (0, 2)  # data.num_workers


def measure_larger(materials: Materials, notify: Notify) -> LargerSet:
    """Train GBMnet on both sets, with and without loader workers, in turns.

    Batches are drawn at random from the whole of each set; pages of the large one are read from
    disk and given up again by the kernel.

    Raises:
        ConfigError: Nobody tells how much memory there is and no number of scans is given, or the
            disk has not so much room.
    """
    wanted, prepared = materials.config.larger_than_memory, materials.prepared
    each = prepared.images[0].nbytes
    memory = physical_memory()
    scans = wanted.scans
    if scans is None:
        if memory is None:
            raise ConfigError("Set larger_than_memory.scans: the size of memory is not known here.")
        scans = int(wanted.times_memory * memory / each)
    free = shutil.disk_usage(materials.scratch).free
    if scans * each > 0.9 * free:  # a full disk would end us without a word: the file is mapped
        raise ConfigError(
            f"larger_than_memory would write {scans * each / 2**30:.1f} GiB where "
            f"{free / 2**30:.1f} GiB are free: set larger_than_memory.scans, or another out=FOLDER."
        )
    notify(f"larger_than_memory: writing {scans:,} scans")
    large = write_set(prepared, materials.scratch / "large", scans)
    folders = {len(prepared.images): prepared.folder, int(scans): large}
    train = contests(materials)["train_gbmnet"]().ours
    works = {
        f"{count}, {workers}": replace(
            train,
            job=materials.training(
                "gbmnet", changes={"data.num_workers": workers}, prepared=folder
            ),
        )
        for workers in WORKERS
        for count, folder in folders.items()
    }
    config = materials.config
    sides, failed = take_turns(
        "larger_than_memory", works, int(config.warm_up), int(config.repeats), notify
    )
    sets = []
    for workers in WORKERS:
        for count in folders:
            name = f"{count}, {workers}"
            size = count * each
            sets.append(TrainedSet(count, size, workers, sides.get(name), failed.get(name)))
    return LargerSet(memory, tuple(sets))
