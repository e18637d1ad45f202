"""Small parts of the questions asked of frozen features: draws, stages, ranks."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np

from experiments.findings import HERE
from experiments.how_much_data.shares import SHARES, some_groups
from experiments.two_stages.stages import in_two_stages
from experiments.wrong_labels.rank import confident_learning, neighbours, own_group

ROOMS = {
    name: HERE / name
    for name in ("how_much_data", "near_duplicates", "slices_of_a_patient", "wrong_labels")
}
GENERATOR = np.random.default_rng(0)
GROUPS = GENERATOR.integers(0, 60, 400)
LABELS = GROUPS % 4
ROWS = np.flatnonzero(GROUPS < 50)


def test_a_share_takes_whole_groups_of_every_class_out_of_the_next_larger() -> None:
    smaller = np.empty(0, np.int64)
    for share in SHARES:
        drawn = some_groups(ROWS, LABELS, GROUPS, share, seed=1)
        assert np.isin(smaller, drawn).all()
        rest = np.setdiff1d(ROWS, drawn)
        assert not np.isin(GROUPS[rest], GROUPS[drawn]).any()
        for label in range(4):
            of_class = np.unique(GROUPS[ROWS][LABELS[ROWS] == label])
            own = np.unique(GROUPS[drawn][LABELS[drawn] == label])
            assert len(own) == max(1, round(len(of_class) * share / 100))
        smaller = drawn
    assert np.array_equal(smaller, ROWS)
    other = some_groups(ROWS, LABELS, GROUPS, 25, seed=2)
    assert not np.array_equal(other, some_groups(ROWS, LABELS, GROUPS, 25, seed=1))


def test_two_stages_that_are_right_are_right_together() -> None:
    labels = np.arange(4).repeat(3)
    for healthy in range(4):
        tumour = (labels != healthy).astype(np.int64)
        kind = labels - (labels > healthy)
        assert np.array_equal(in_two_stages(tumour, kind, healthy), labels)
        assert (in_two_stages(0 * tumour, kind, healthy) == healthy).all()


def sure_and_right(wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Give probabilities that are sure of the true class, and labels of which one is wrong."""
    labels = np.arange(40) % 4
    probabilities = np.full((40, 4), 0.02)
    probabilities[np.arange(40), labels] = 0.94
    labels[wrong] = (labels[wrong] + 1) % 4
    return probabilities, labels


def test_confident_learning_suspects_the_label_that_a_sure_network_contradicts() -> None:
    for wrong in (0, 17, 39):
        order = confident_learning(*sure_and_right(wrong))
        assert order[0] == wrong
        assert sorted(order.tolist()) == list(range(40))


def test_what_counts_is_how_sure_the_network_is_of_a_class_elsewhere() -> None:
    # Class 1 gets 0.98 on average, so 0.7 of it accuses no label 0; class 0 gets 0.4, so 0.45 of it
    # accuses a label 1.
    probabilities = np.array([[0.3, 0.7], [0.5, 0.5], *[[0.0, 1.0]] * 19, [0.45, 0.55]])
    labels = np.array([0, 0, *[1] * 20])
    assert confident_learning(probabilities, labels)[:2].tolist() == [21, 0]


def test_neighbours_of_the_own_group_do_not_speak() -> None:
    generator = np.random.default_rng(1)
    labels, groups = np.arange(60) % 2, np.arange(60)
    features = generator.normal(0, 0.1, (60, 4)).astype(np.float32)
    features[np.arange(60), labels] += 3
    labels[7] = 1 - labels[7]
    assert neighbours(features, labels, groups, 2)[0] == 7
    # All that look like it stand in its group: nothing but the other class is left to speak.
    alike = np.flatnonzero(labels == 0)
    groups[alike] = 100
    assert set(neighbours(features, labels, groups, 2)[: len(alike)].tolist()) == set(alike)


def test_the_odd_label_of_a_group_is_found() -> None:
    groups, labels = np.repeat(np.arange(10), 4), np.repeat(np.arange(10) % 3, 4)
    labels[13] = (labels[13] + 1) % 3
    assert own_group(labels, groups, 3)[0] == 13


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a kept table."""
    text = path.read_bytes()
    if path.suffix == ".gz":
        text = gzip.decompress(text)
    return list(csv.DictReader(text.decode().splitlines()))


def test_what_the_page_says_of_the_wrong_labels_is_what_the_kept_heads_answered() -> None:
    """Heads with all training groups in `how_much_data` are those of `wrong_labels`."""
    wrong = {row["path"] for row in rows_of(ROOMS["wrong_labels"] / "known.csv")}
    heads = rows_of(ROOMS["how_much_data"] / "answers.csv.gz")
    said = {row["path"]: {row[f"patient 100 seed{seed}"] for seed in range(3)} for row in heads}
    own = [row for row in heads if row["path"] in wrong]
    pituitary = [row for row in own if said[row["path"]] == {"pituitary"}]
    assert [said[row["path"]] for row in own if row not in pituitary] == [{"notumor"}]
    (group,) = {row["group"] for row in pituitary}
    others = [row for row in heads if row["group"] == group and row["label"] == "meningioma"]
    called = sum(said[row["path"]] == {"pituitary"} for row in others)
    assert (len(pituitary), called, len(others)) == (3, 16, 19)
    first = rows_of(ROOMS["wrong_labels"] / "first_hundred.csv")
    rules = ("transfer model", "best_patient", "neighbours")
    by_all = [row for row in first if all(int(row[rule]) <= 100 for rule in rules)]
    unpublished = [row["path"] for row in by_all if not row["published"]]
    assert unpublished == ["Training/notumor/Tr-no_0191.jpg"]
    of_rule = [[row["patient"] for row in first if int(row[rule]) <= 100] for rule in rules]
    most = [Counter(filter(None, patients)).most_common(1)[0] for patients in of_rule]
    assert len({patient for patient, _ in most}) == 1  # the same one for all three rules
    alike = [
        sum(row["published"] == row["label"] for row in first if int(row[rule]) <= 100)
        for rule in rules
    ]
    unknown = [
        sum(not row["published"] for row in first if int(row[rule]) <= 100) for rule in rules
    ]
    ranks = [
        int(row[rule])
        for row in rows_of(ROOMS["wrong_labels"] / "known.csv")
        for rule in ("transfer model", "best_patient")
    ]
    page = " ".join((ROOMS["wrong_labels"] / "README.md").read_text(encoding="utf-8").split())
    for numbers in (ranks, alike, unknown, [count for _, count in most]):
        assert f"{min(numbers):,} to {max(numbers):,}" in page


def test_units_of_healthy_scans_are_mostly_single_scans() -> None:
    units = rows_of(ROOMS["slices_of_a_patient"] / "answers.csv.gz")
    healthy = [int(unit["scans"]) for unit in units if unit["label"] == "notumor"]
    assert (len(healthy), sum(healthy), healthy.count(1)) == (291, 1699, 198)
    assert (len(units), sum(int(unit["scans"]) for unit in units)) == (654, 6589)


def test_the_page_about_near_duplicates_says_what_its_tables_hold() -> None:
    room = ROOMS["near_duplicates"]
    page = " ".join((room / "README.md").read_text(encoding="utf-8").split())
    judged = rows_of(room / "judged.csv")
    agreed = sum(row["first judge"] == row["second judge"] for row in judged)
    assert f"{len(judged)} pairs" in page and f"They agree on {agreed}." in page
    missed = [
        float(row["frame_correlation"]) >= 0.88
        for row in judged
        if row["first judge"] == row["second judge"] == "same slice"
        and float(row["similarity"]) < 0.5
    ]
    assert (len(missed), sum(missed)) == (5, 3)
    assert "five healthy pairs" in page and "three of them with frames that agree" in page
    level = [
        int(row["healthy groups"])
        for row in rows_of(room / "thresholds.csv")
        if 0.56 <= float(row["threshold"]) <= 0.70
    ]
    assert f"({min(level)} to {max(level)})" in page
    largest = rows_of(room / "growth.csv")[-1]
    minutes, memory = float(largest["processor"]) / 60, int(largest["bytes"]) / 2**30
    scans = f"{int(largest['scans']):,} scans"
    assert f"{scans} took {minutes:.0f} minutes of processor time and {memory:.1f} GiB" in page
    wrong = sum(int(row["other patients"]) for row in rows_of(room / "altered.csv"))
    assert f"Copies make {wrong} wrong pairs" in page
