"""Losses against formulas of their own, and means that do not depend on how a batch is shared."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.utils.class_weight import compute_class_weight

from brain_tumor.errors import ConfigError
from brain_tumor.models.losses import CrossEntropy, FocalLoss, TrainingLoss, balanced_weights

WEIGHTS = [0.5, 1.0, 2.0, 4.0]


def batch(scans: int = 9, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(scans, 4, generator=generator)
    return logits.requires_grad_(), torch.randint(0, 4, (scans,), generator=generator)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_the_focal_loss_is_the_papers_formula(gamma: float) -> None:
    logits, labels = batch()
    chosen = log_softmax(logits.detach().numpy().astype(float), axis=1)[np.arange(9), labels]
    expected = -((1 - np.exp(chosen)) ** gamma) * chosen
    np.testing.assert_allclose(FocalLoss(gamma)(logits, labels).detach(), expected, rtol=1e-5)


def test_the_focal_loss_is_monais() -> None:
    losses = pytest.importorskip("monai.losses")
    logits, labels = batch()
    theirs = losses.FocalLoss(gamma=2.0, use_softmax=True, to_onehot_y=True, reduction="none")
    expected = theirs(logits[:, :, None], labels[:, None, None]).sum(dim=(1, 2))
    torch.testing.assert_close(FocalLoss(2.0)(logits, labels), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_scan_that_is_predicted_perfectly_spoils_no_gradient(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    FocalLoss(gamma)(logits, torch.tensor([0, 0])).mean().backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())
    assert logits.grad[1].abs().sum() > 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_cross_entropy_without_weights_is_torchs_to_the_bit(
    smoothing: float, reduction: str
) -> None:
    logits, labels = batch(33)
    ours = TrainingLoss(CrossEntropy(smoothing))(logits, labels, reduction)
    theirs = F.cross_entropy(logits, labels, reduction=reduction, label_smoothing=smoothing)
    assert torch.equal(ours, theirs)


@given(st.integers(1, 12), st.integers(0, 12))
def test_processes_give_the_mean_of_the_whole_batch(scans: int, own: int) -> None:
    logits, labels = batch(scans)
    for loss, weights in (
        (CrossEntropy(0.1), WEIGHTS),
        (FocalLoss(), None),
        (F.cross_entropy, None),
    ):
        training = TrainingLoss(loss, weights)
        parts = ((logits[:own], labels[:own]), (logits[own:], labels[own:]))
        shared = sum(training(*part, "sum") for part in parts) / scans
        torch.testing.assert_close(shared, training(logits, labels, "mean"))


def test_a_weighted_mean_divides_by_scans() -> None:
    logits, labels = batch()
    losses = F.cross_entropy(logits, labels, reduction="none")
    expected = sum(WEIGHTS[label] * loss for label, loss in zip(labels, losses, strict=True)) / 9
    torch.testing.assert_close(TrainingLoss(CrossEntropy(), WEIGHTS)(logits, labels), expected)


def test_weights_are_no_part_of_a_checkpoint() -> None:
    assert TrainingLoss(FocalLoss(), WEIGHTS).state_dict() == {}


def test_weights_need_a_loss_of_each_scan() -> None:
    training = TrainingLoss(torch.nn.MultiMarginLoss(), WEIGHTS)
    with pytest.raises(ConfigError, match=r"\+loss\.reduction=none"):
        training(*batch())
    assert TrainingLoss(torch.nn.MultiMarginLoss(reduction="none"), WEIGHTS)(*batch()).ndim == 0


@given(st.lists(st.integers(0, 2), max_size=40))
def test_balanced_weights_are_scikit_learns(more: list[int]) -> None:
    labels = np.array([0, 1, 2, *more])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    found = balanced_weights(labels, ["a", "b", "c"])
    np.testing.assert_allclose(found, expected)
    assert np.array(found)[labels].mean() == pytest.approx(1)


def test_a_class_without_a_scan_cannot_be_balanced() -> None:
    with pytest.raises(ConfigError, match="no training scan is of class b"):
        balanced_weights(np.array([0, 2]), ["a", "b", "c"])
