"""Amplitudes come from two scans, phases from one."""

import numpy as np
import torch

from experiments.unseen_source.amplitude_mix import AmplitudeMixAugment


def augment(probability: float) -> AmplitudeMixAugment:
    made = object.__new__(AmplitudeMixAugment)
    made.mix_probability = probability
    return made


IMAGES = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 40 + 100


def test_where_no_scan_is_chosen_nothing_changes() -> None:
    draws = torch.full((4, 3), 0.5)
    assert augment(0.0).mix(IMAGES, draws) is IMAGES


def test_amplitudes_are_between_those_of_both_and_phases_stay() -> None:
    draws = torch.tensor([[0.1, 0.99, 0.25], [0.9, 0.0, 0.5], [0.9, 0, 0], [0.9, 0, 0]])
    mixed = augment(0.5).mix(IMAGES, draws)
    assert torch.equal(mixed[1:], IMAGES[1:])
    # By NumPy's transform of all frequencies, where torch's is that of the real half.
    one, other, found = (
        np.fft.fft2(scan[0].double().numpy()) for scan in (*IMAGES[[0, 3]], mixed[0])
    )
    np.testing.assert_allclose(
        np.abs(found), 0.75 * np.abs(one) + 0.25 * np.abs(other), rtol=1e-3, atol=1e-2
    )
    turned = found / one
    np.testing.assert_allclose(turned.imag, 0, atol=1e-3)
    assert (turned.real > 0).all()
