"""Heads on frozen features: trained as a training trains, kept as they answered."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from brain_tumor.models.mobilenetv2 import FEATURES
from experiments.frozen_features import composed
from experiments.heads import (
    NONE,
    batches,
    log_probabilities,
    new_head,
    read_answers,
    together,
    train_head,
    write_answers,
)


def separable(scans: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Give features of which the first four tell the class."""
    labels = torch.arange(scans) % 4
    features = 0.1 * torch.randn(1, scans, FEATURES, generator=torch.Generator().manual_seed(0))
    features[0, torch.arange(scans), labels] += 5
    return features, labels


def recipe(*words: str) -> Any:
    return composed("experiment=leakage", "model=mobilenetv2", *words)


def test_a_head_learns_what_tells_the_classes_apart() -> None:
    features, labels = separable(64)
    rows = np.arange(48)
    config = recipe("trainer.max_epochs=40", "optimizer.lr=0.005")
    head = train_head(config, features, labels, rows, 4, seed=0)
    answers = log_probabilities(head, features[0])
    assert torch.equal(answers.argmax(dim=1), labels)
    assert answers.exp().sum(dim=1).numpy() == pytest.approx(np.ones(64))


def test_what_is_not_trained_on_changes_nothing() -> None:
    features, labels = separable(40)
    heads = []
    for others in (0.0, 1.0):
        features[:, 20:] += others
        labels[20:] = 3
        head = train_head(recipe(), features, labels, np.arange(20), 4, seed=1)
        heads.append(torch.cat([value.flatten() for value in head.state_dict().values()]))
    assert torch.equal(*heads)


def test_few_scans_take_as_many_steps_as_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: taken.append(self))
    features, labels = separable(64)
    for rows, scans in ((np.arange(64), None), (np.arange(10), 64), (np.arange(10), None)):
        taken.clear()
        train_head(recipe(), features, labels, rows, 4, seed=0, scans=scans)
        assert len(taken) == (10 if scans or len(rows) == 64 else 5), (len(rows), scans)


def test_batches_go_through_all_scans_before_one_comes_again() -> None:
    order = batches(np.arange(5, 15), 4, seed=3)
    for epoch in range(2):
        shown = [next(order) for _ in range(3)]
        assert {own for own, _ in shown} == {epoch}
        assert sorted(torch.cat([rows for _, rows in shown]).tolist()) == list(range(5, 15))


def test_a_head_begins_as_a_training_with_its_seed() -> None:
    first, again, other = (
        torch.cat([value.flatten() for value in new_head(4, seed).state_dict().values()])
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    kept = [SimpleNamespace(path=f"{n}.jpg", label="ab"[n % 2]) for n in range(4)]
    prepared: Any = SimpleNamespace(kept=kept, groups=np.array([7, 7, 8, 9]), classes=("a", "b"))
    given = {"x seed0": np.array([0, 1, NONE, 0]), "x seed1": np.array([1, 1, 0, NONE])}
    write_answers(tmp_path / "answers.csv.gz", prepared, given)
    classes, answers = read_answers(tmp_path / "answers.csv.gz")
    assert classes == ["a", "b"]
    both = together(answers, "x")
    assert both.labels.tolist() == [0, 1, 1, 0, 1, 0]
    assert both.predicted.tolist() == [0, 1, 0, 1, 1, 0]
    assert both.groups.tolist() == [7, 7, 9, 7, 7, 8]
    _, some = read_answers(tmp_path / "answers.csv.gz", lambda line: line["group"] == "7")
    assert some["x seed0"].groups.tolist() == [7, 7]
