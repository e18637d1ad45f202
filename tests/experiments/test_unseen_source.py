"""Training without one source's tumours: nothing of it is left, and nothing else is lost."""

import csv
import gzip
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from brain_tumor.data.split import Split
from brain_tumor.rendering.page import to_markdown
from brain_tumor.runs.folder import RunFolder
from experiments.blocks import filled_block
from experiments.by_source.tables import FIGSHARE, OTHERS
from experiments.findings import HERE, kept_runs
from experiments.heads import SEEDS, read_answers
from experiments.kept_table import read_table
from experiments.unseen_source.left_out import SOURCES, left_out, tumours_of
from experiments.unseen_source.tables import (
    GOAL,
    README,
    asked_sources,
    corrupted_answers,
    fine_tuned,
    fine_tuned_table,
    of_both,
    trainings,
    without_healthy,
)
from experiments.unseen_source.train_heads import (
    ANSWERS,
    AUGMENTED,
    FEW,
    WITH,
    WITHOUT,
    training_scans,
)

KINDS = ("glioma", "meningioma", "pituitary")
GENERATOR = np.random.default_rng(0)
GROUPS = GENERATOR.integers(0, 100, 800)
KNOWN = (GROUPS < 60) & (GROUPS % 4 != 2)  # Figshare's: no healthy scan is among them
PREPARED: Any = SimpleNamespace(
    labels=GROUPS % 4,
    groups=GROUPS,
    patients=np.where(KNOWN, GROUPS, -1),
    classes=("glioma", "meningioma", "notumor", "pituitary"),
)
TRAIN = np.flatnonzero(GROUPS % 5 > 1)
SPLIT = Split(TRAIN, np.flatnonzero(GROUPS % 5 == 1), np.flatnonzero(GROUPS % 5 == 0))


def test_every_tumour_is_of_one_source_and_no_healthy_scan_is() -> None:
    both = [tumours_of(PREPARED, source) for source in SOURCES]
    assert not (both[0] & both[1]).any()
    assert ((both[0] | both[1]) == (PREPARED.labels != 2)).all()


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_out_of_training_and_all_of_it_is_tested(source: str) -> None:
    own = tumours_of(PREPARED, source)
    split = left_out(PREPARED, SPLIT, source)
    for rows, before in ((split.train, SPLIT.train), (split.validation, SPLIT.validation)):
        assert not own[rows].any()
        assert set(before[~own[before]]) == set(rows)
    assert set(split.test) == set(SPLIT.test) | set(np.flatnonzero(own))
    assert not set(GROUPS[split.train]) & set(GROUPS[split.test])


def test_what_is_in_a_group_with_a_scan_left_out_is_left_out() -> None:
    mixed = SimpleNamespace(**{**vars(PREPARED), "patients": np.where(KNOWN, GROUPS, -1)})
    mixed.patients[np.flatnonzero(KNOWN)[0]] = -1  # one slice that the table does not know
    odd = np.flatnonzero(KNOWN)[0]
    split = left_out(mixed, SPLIT, OTHERS)
    assert GROUPS[odd] not in GROUPS[split.train]


def test_heads_differ_in_the_source_alone() -> None:
    own = {source: tumours_of(PREPARED, source) for source in SOURCES}
    parts = training_scans(PREPARED, TRAIN, FIGSHARE, seed=1)
    assert tuple(parts) == trainings(FIGSHARE)
    counts = {
        name: Counter(PREPARED.labels[rows[PREPARED.labels[rows] != 2]])
        for name, rows in parts.items()
    }
    assert counts[FEW] == counts[WITHOUT]
    assert own[OTHERS][parts[WITHOUT]].sum() == own[FIGSHARE][parts[FEW]].sum() > 0
    assert not own[FIGSHARE][parts[WITHOUT]].any()
    assert not own[OTHERS][parts[FEW]].any()
    healthy = [set(rows[PREPARED.labels[rows] == 2]) for rows in parts.values()]
    assert healthy[0] == healthy[1] == healthy[2]
    assert all(set(rows) <= set(TRAIN) for rows in parts.values())
    assert tuple(training_scans(PREPARED, TRAIN, OTHERS, seed=1)) == (WITH, WITHOUT)


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_head_answers_each_tumour_of_its_source_once(kind: str) -> None:
    _, tumours = read_answers(ANSWERS[kind], of_both)
    scans = {OTHERS: 161, FIGSHARE: 1384 + 1725}
    for source in asked_sources(kind):
        for training in trainings(source):
            for seed in SEEDS:
                assert len(tumours[f"{source}, {training} seed{seed}"].labels) == scans[source]


def test_so_many_of_the_others_were_in_the_training_of_best_patient() -> None:
    lines = [line for line in read_table(ANSWERS[AUGMENTED]) if line["label"] == "meningioma"]
    others = {line["path"] for line in lines if line[f"{OTHERS}, {WITH} seed0"]}
    page = " ".join(README.read_text(encoding="utf-8").split())
    counts, of_all = set(), set()
    for run in kept_runs("best_patient"):
        split = RunFolder(run.folder).read_rows("split.csv")
        trained = {row["path"] for row in split if row["part"] == "train"}
        counts.add(len(trained & others))
        of_all.add(len(trained & {line["path"] for line in lines}))
    low, high = min(counts), max(counts)
    words = f"{low} to {high} of the others' meningiomas, of {min(of_all)} or {max(of_all)} in all"
    assert high < 100
    assert words in page


def test_no_fine_tuned_network_without_the_source_saw_a_tumour_of_it() -> None:
    lines = read_table(ANSWERS[AUGMENTED])
    others = {line["path"] for line in lines if of_both(line) and line[f"{OTHERS}, {WITH} seed0"]}
    splits, groups = set(), set()
    for run in kept_runs("unseen_source"):
        if run.setting["split.name"] == "patient":
            continue
        split = RunFolder(run.folder).read_rows("split.csv")
        parts = {row["path"]: row["part"] for row in split}
        assert {parts[path] for path in others} == {"test"}
        splits.add(tuple(sorted(parts.items())))
        parts_of: dict[str, set[str]] = {}
        members: dict[str, set[str]] = {}
        for row in split:
            parts_of.setdefault(row["group"], set()).add(row["part"])
            members.setdefault(row["group"], set()).add(row["path"])
        assert all(len(found) == 1 for found in parts_of.values())
        groups.add(frozenset(map(frozenset, members.values())))
    assert len(splits) == len(groups) == 1  # harmonised scans, too


def test_the_page_tells_of_fine_tuned_networks_what_the_table_does() -> None:
    table = fine_tuned_table()
    text = README.read_text(encoding="utf-8")
    assert filled_block(text, "fine_tuned", to_markdown(table)) == text, "make results"
    told = " ".join(re.sub(r"<!-- (\w+) -->.*?<!-- end of \1 -->", "", text, flags=re.S).split())
    plain, both, control = (
        next(row for row in table.rows if [row[0], row[1], row[2]] == wanted)
        for wanted in (
            ["without it", "as in best_patient", "4"],
            ["without it", "harmonised, amplitudes mixed", "4"],
            ["with it", "as in best_patient", "4"],
        )
    )
    for cell in (plain[4], both[5], control[4]):
        assert cell in told
    for row in (plain, both):  # the goal and its verdict are at the top
        mean = row[7].split()[0]
        assert mean in told.partition("##")[0] and float(mean) < GOAL
    means = [float(row[7].split()[0]) for row in table.rows if row[0] == WITHOUT]
    assert max(means) < GOAL and f"{max(means):.3f}" in told.partition("##")[0]
    found = [float(row[4].split()[0]) for row in (plain, both, table.rows[0])]
    assert (found[1] - found[0]) / (found[2] - found[0]) == pytest.approx(1 / 3, abs=0.05)
    howto = (HERE.parent / "docs" / "howto" / "external.md").read_text(encoding="utf-8")
    harmonised = next(row for row in table.rows if row[1] == "harmonised")
    for row in (plain, harmonised, both, table.rows[0]):
        assert row[4].split()[0] in howto.partition("never saw")[2]
    readme = " ".join((HERE.parent / "README.md").read_text(encoding="utf-8").split())
    assert "win back a third of the meningiomas that are lost on another source" in readme


def test_the_kinds_of_known_tumours_are_the_likeliest_of_the_kept_probabilities() -> None:
    plain = next(own for own in fine_tuned(without_healthy) if own.training == WITHOUT)
    assert plain.title()[1:] == ["as in best_patient", "4", "2"]
    answers = plain.answers.answers
    right, asked = Counter(), Counter()
    for seed in (0, 1):
        folder = HERE / "unseen_source" / "runs" / f"unseen_source-mobilenetv2-file-seed{seed}"
        with gzip.open(folder / "predictions.csv.gz", "rt", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                label = line["label"]
                if line["part"] == "test" and not line["patient"] and label != "notumor":
                    kinds = {name: float(line[f"logit_{name}"]) for name in KINDS}
                    right[label] += max(kinds, key=kinds.__getitem__) == label
                    asked[label] += 1
    for label in asked:
        scans = plain.answers.of(label, OTHERS)
        assert scans.sum() == asked[label]
        assert (answers.predicted == answers.labels)[scans].sum() == right[label]


def test_the_verdict_on_the_page_is_that_of_the_kept_answers() -> None:
    top = README.read_text(encoding="utf-8").partition("```")[0]
    lines = [line for line in read_table(ANSWERS[AUGMENTED]) if of_both(line)]
    found = {}
    for training in (WITH, WITHOUT):
        name = f"{OTHERS}, {training}"
        recalls = []
        for label in ("meningioma", "pituitary"):
            said = [
                line[f"{name} seed{seed}"] == label
                for line in lines
                for seed in SEEDS
                if line["label"] == label and line[f"{name} seed0"]
            ]
            recalls.append(np.mean(said))
        found[training] = np.mean(recalls)
    assert found[WITHOUT] < GOAL
    assert "missed" in top
    assert f"{found[WITHOUT]:.3f}" in top
    assert f"{found[WITH]:.3f}" in top
    assert re.search(rf"\b{GOAL:.2f}\b", top)


def test_all_corruptions_of_a_strength_are_answered() -> None:
    for training in (WITH, WITHOUT):
        plain, worse = (len(corrupted_answers(strength, training)[1].labels) for strength in (0, 3))
        assert worse == 14 * plain
