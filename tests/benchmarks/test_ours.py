"""Our sides treat the scans they should, through the real parts of a run."""

from pathlib import Path

import numpy as np
import pytest
from counted_turns import CountedTurns
from omegaconf import OmegaConf

from benchmarks.made_set import write_set
from benchmarks.materials import Materials
from benchmarks.ours import augmenting, preparing, scoring, training
from benchmarks.ours.building import datamodule_of, resize_split, spread_evenly
from brain_tumor.data.prepared.prepared_set import open_prepared
from brain_tumor.data.split import Split


def test_both_sides_see_the_same_training_and_test_scans(materials: Materials) -> None:
    _, datamodule = datamodule_of(materials.training("gbmnet"))
    images, labels = datamodule.prepared.images, datamodule.prepared.labels
    for part, path in (("train", materials.train_arrays), ("test", materials.test_arrays)):
        rows = datamodule.split.parts[part]
        with np.load(path) as arrays:
            assert np.array_equal(arrays["images"], images[rows])
            assert np.array_equal(arrays["labels"], labels[rows])


@pytest.mark.parametrize("number", [1, 5, 12, 40])
def test_resized_parts_are_spread_over_the_part(number: int) -> None:
    rows = np.arange(100, 112)
    found = resize_split(Split(rows, rows[:0], rows + 20), number, None)
    assert len(found.train) == number
    assert set(found.train) <= set(rows)
    counts = np.bincount(found.train - 100, minlength=12)
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(found.test, rows + 20)
    assert spread_evenly(rows, None) is rows


def test_augmentation_goes_through_the_training_scans(materials: Materials) -> None:
    turns = CountedTurns(2)
    augmenting.batches(materials.training("gbmnet"), turns)
    assert turns.told == [{"scans": 8}] * 2


def test_the_trainer_waits_before_each_epoch_and_tells_what_it_costs(
    materials: Materials,
) -> None:
    turns = CountedTurns(2)
    job = materials.training("gbmnet")
    training.epochs(job, turns)
    assert [turn["scans"] for turn in turns.told] == [4, 4]
    assert all(turn["fixed"] > 0 for turn in turns.told)
    assert turns.left == 0
    # The real callbacks and the logger were there.
    run = Path(job["config"]["run_folder"])
    assert {"checkpoints", "figures", "metrics.csv", "tensorboard"} <= {
        path.name for path in run.iterdir()
    }


def test_the_bare_step_and_scoring_count_their_scans(materials: Materials) -> None:
    turns = CountedTurns(2)
    training.bare_steps(materials.training("gbmnet"), turns)
    assert turns.told == [{"scans": 4}] * 2
    turns = CountedTurns(1)
    scoring.test_part(materials.training("gbmnet"), turns)
    assert turns.told == [{"scans": 4}]


@pytest.mark.slow
def test_whole_epochs_prepare_the_raw_scans_and_train_on_all_of_training(
    materials: Materials,
) -> None:
    OmegaConf.update(materials.config, "epoch_scans", 24)
    job = materials.epochs("mobilenetv2")
    trained = len(list(Path(job["folder"]).glob("Training/*/*")))
    turns = CountedTurns(2)
    training.whole_epochs(job, turns)
    # Exact duplicates are left out.
    assert all(trained - 4 <= turn["scans"] <= trained for turn in turns.told)
    assert all(turn["first"] == 1.0 and turn["prepare"] > 0 for turn in turns.told)


def test_preparing_leaves_nothing_and_again_finds_what_is_there(materials: Materials) -> None:
    turns = CountedTurns(2)
    preparing.anew(materials.preparing(), turns)
    assert turns.told == [{"scans": len(materials.prepared.manifest)}] * 2
    assert not list(materials.scratch.glob("tmp*"))
    turns = CountedTurns(2)
    preparing.again(materials.preparing(), turns)
    assert turns.told == [{"scans": None}] * 2


def test_a_part_of_the_raw_scans_has_every_class(materials: Materials) -> None:
    part = materials.raw_part(20)
    files = [path for path in part.raw.glob("*/*/*") if path.is_file()]
    assert len(files) == 20
    assert len({path.parent for path in files}) == 8
    assert materials.raw_part(None) is materials
    OmegaConf.update(materials.config, "data.patients", "${.root}/phantoms.csv")
    assert part.preparing()["data"]["patients"] == str(materials.raw / "phantoms.csv")
    assert part.preparing()["data"]["root"] == str(part.raw)


@pytest.mark.parametrize(("scans", "side"), [(None, 96), (150, None), (10, None)])
def test_a_made_set_is_a_prepared_set(
    materials: Materials, tmp_path: Path, scans: int | None, side: int | None
) -> None:
    source = materials.prepared
    made = open_prepared(write_set(source, tmp_path / "made", scans, side))
    number = scans or len(source.images)
    assert made.images.shape == (number, *(side or 256,) * 2)
    assert made.classes == source.classes
    rows = spread_evenly(np.arange(len(source.images)), scans)
    assert np.array_equal(made.labels, source.labels[rows])
    if side is None:
        assert np.array_equal(made.images, source.images[rows])
    assert len({row.path for row in made.kept}) == number
