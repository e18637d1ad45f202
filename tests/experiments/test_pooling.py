"""Ways to answer once for several slices: what must hold for each, and for attention."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from brain_tumor.data.split import Split
from brain_tumor.metrics.patients import pool_patients
from brain_tumor.models.mobilenetv2 import FEATURES as WIDTH
from experiments.frozen_features import FrozenFeatures
from experiments.slices_of_a_patient.pooling import GatedAttention, MeanOfAnswers, MeanOfFeatures
from experiments.slices_of_a_patient.several_slices import WAYS, answered, scans_of, train, units_of

# The import of MONAI takes ten seconds.
NAMES = [pytest.param(n, marks=pytest.mark.slow) if "MONAI" in n else n for n in WAYS]
PATIENT = torch.tensor([0, 0, 1, 2, 2, 2])
FEATURES = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))


def head() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3)).eval()


@pytest.mark.parametrize("name", NAMES)
def test_slices_have_no_order_and_patients_do_not_mix(name: str) -> None:
    way = WAYS[name](head()).eval()
    answers = way(FEATURES, PATIENT)
    assert answers.shape == (3, 3)
    assert answers.exp().sum(dim=1).tolist() == pytest.approx([1, 1, 1])
    order = torch.tensor([5, 1, 2, 4, 0, 3])
    assert torch.allclose(way(FEATURES[order], PATIENT[order]), answers, atol=1e-6)
    alone = way(FEATURES[3:], torch.zeros(3, dtype=torch.int64))
    assert torch.allclose(alone[0], answers[2], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_single_slice_gets_the_head_s_own_answer(name: str) -> None:
    own = head()
    answers = WAYS[name](own).eval()(FEATURES, torch.arange(6))
    assert torch.allclose(answers, own(FEATURES).log_softmax(dim=1), atol=1e-6)


def test_the_mean_of_answers_is_what_compare_pools_by() -> None:
    own = head()
    answers = MeanOfAnswers(own)(FEATURES, PATIENT).detach().numpy()
    logits = own(FEATURES).detach().double().numpy()
    pooled = pool_patients(np.zeros(6, np.int64), logits, PATIENT.numpy())
    assert answers == pytest.approx(pooled.log_probabilities, abs=1e-6)


def test_attention_is_the_published_formula() -> None:
    torch.manual_seed(1)
    way = GatedAttention(head(), width=4).eval()
    embedded = way.embed(FEATURES)
    weights = way.weights(embedded, PATIENT)
    for patient in range(3):
        rows = torch.nonzero(patient == PATIENT)[:, 0].tolist()
        raw = [
            way.score(
                torch.tanh(way.content(embedded[row])) * torch.sigmoid(way.gate(embedded[row]))
            ).item()
            for row in rows
        ]
        shares = np.exp(raw) / np.exp(raw).sum()
        assert weights[rows].tolist() == pytest.approx(shares.tolist(), abs=1e-6)
        pooled = sum(
            share * embedded[row] for share, row in zip(shares.tolist(), rows, strict=True)
        )
        logits = way.answer(pooled)
        assert torch.allclose(way(FEATURES, PATIENT)[patient], logits.log_softmax(0), atol=1e-6)


def test_attention_that_scores_nothing_is_the_mean() -> None:
    own = head()
    way = GatedAttention(own)
    nn.init.zeros_(way.score.weight)
    plain = MeanOfFeatures(own)(FEATURES, PATIENT)
    assert torch.allclose(way(FEATURES, PATIENT), plain, atol=1e-6)


def test_a_unit_is_a_patient_or_a_group_and_one_class() -> None:
    prepared: Any = SimpleNamespace(
        patients=np.array([0, 0, 0, -1, -1, -1]),
        groups=np.array([0, 0, 0, 0, 1, 1]),
        labels=np.array([1, 1, 2, 0, 0, 0]),
        classes=("a", "b", "c"),
    )
    units = units_of(prepared)
    together = units[:, None] == units
    assert together.tolist() == [
        [True, True, False, False, False, False],
        [True, True, False, False, False, False],
        [False, False, True, False, False, False],
        [False, False, False, True, False, False],
        [False, False, False, False, True, True],
        [False, False, False, False, True, True],
    ]
    own = scans_of(np.array([0, 3, 1, 0, 3, 2]), np.array([1, 3, 4, 5]))
    assert [rows.tolist() for rows in own] == [[3], [5], [1, 4]]


@pytest.mark.parametrize("name", NAMES)
def test_each_way_learns_from_its_training_units_and_answers_the_others(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.slices_of_a_patient.several_slices.EPOCHS", 6)
    monkeypatch.setattr("experiments.slices_of_a_patient.several_slices.RATE", 5e-3)
    units = np.repeat(np.arange(60), 4)
    labels = units % 3
    features = 0.1 * torch.randn(240, WIDTH, generator=torch.Generator().manual_seed(0))
    features[np.arange(240), labels] += 5
    prepared: Any = SimpleNamespace(labels=labels, classes=("a", "b", "c"))
    rows = np.arange(240)
    split = Split(rows[:160], rows[160:200], rows[200:])
    found = FrozenFeatures(prepared, features, features[None])
    answers = answered(train(name, found, units, split, seed=0), features, units, split.test)
    assert answers.argmax(dim=1).tolist() == [unit % 3 for unit in range(50, 60)]
