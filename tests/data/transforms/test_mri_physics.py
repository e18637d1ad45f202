"""Each operation against the physics it is named for."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from phantoms import draw_phantom
from scipy import fft, stats
from torch import Tensor

from brain_tumor.data.transforms import mri_physics as physics
from brain_tumor.data.transforms.mri import OPERATIONS

# The values at which an operation does nothing.
NOTHING = {
    "inversion": {"strength": 0.0},
    "bias_field": {"log_gain": 0.0},
    "motion": {"pixels": 0.0},
    "ghosting": {"intensity": 0.0, "replicas": 4.0},
    "resolution": {"keep": 1.0},
    "anisotropy": {"keep": 1.0},
    "noise": {"sigma": 0.0},
    "window": {"low": 0.0, "high": 255.0},
    "gamma": {"log_gamma": 0.0},
}


@pytest.fixture(scope="module")
def scans() -> Tensor:
    drawn = [
        draw_phantom(label, "axial", np.random.default_rng(i), size=128).pixels
        for i, label in enumerate(("glioma", "meningioma", "notumor", "pituitary"))
    ]
    return torch.from_numpy(np.stack(drawn)).unsqueeze(1).float()


def all_of(value: float, scans: Tensor) -> Tensor:
    return torch.full((len(scans),), value)


@pytest.mark.parametrize("name", OPERATIONS)
def test_at_strength_0_a_scan_stays_as_it_is(scans: Tensor, name: str) -> None:
    operation = OPERATIONS[name]
    draws = torch.rand((len(scans), operation.draws), generator=torch.Generator().manual_seed(0))
    values = {key: all_of(value, scans) for key, value in NOTHING[name].items()}
    before = scans.clone()
    torch.testing.assert_close(operation.apply(scans, draws, **values), scans, atol=2e-3, rtol=0)
    assert torch.equal(scans, before)


@settings(max_examples=10, deadline=None)
@given(
    pixels=hnp.arrays(np.uint8, (2, 1, 16, 16)),
    ends=st.lists(st.floats(0, 1, width=32), min_size=30, max_size=30),
)
@pytest.mark.parametrize("name", OPERATIONS)
def test_grey_values_stay_grey_values(name: str, pixels: np.ndarray, ends: list[float]) -> None:
    operation, images = OPERATIONS[name], torch.from_numpy(pixels).float()
    uniform = torch.tensor(ends).view(2, 15).clamp(max=1 - 2**-24)
    values = {
        key: low + (high - low) * uniform[:, place]
        for place, (key, (low, high)) in enumerate(operation.limits.items())
    }
    found = operation.apply(images, uniform[:, 2 : 2 + operation.draws], **values)
    assert found.shape == images.shape and found.dtype == torch.float32
    assert torch.isfinite(found).all()
    assert found.min() >= 0 and found.max() <= 255


@pytest.mark.parametrize(("signal", "sigma"), [(0.0, 10.0), (15.0, 10.0), (120.0, 20.0)])
def test_noise_is_rice_s(signal: float, sigma: float) -> None:
    flat = torch.full((4, 1, 256, 256), signal)
    seeds = torch.arange(4, dtype=torch.int32)
    found = physics.rician_noise(flat, torch.full((4,), sigma), seeds).double().numpy()
    rice = stats.rice(signal / sigma, scale=sigma)
    assert found.mean() == pytest.approx(rice.mean(), rel=3e-3)
    assert found.var() == pytest.approx(rice.var(), rel=1e-2)
    sample = found.reshape(-1)[::37]
    assert stats.kstest(sample, rice.cdf).pvalue > 1e-3
    assert not np.array_equal(found[0], found[1])


def test_the_bias_field_is_smooth_and_keeps_the_geometric_mean() -> None:
    flat = torch.full((8, 1, 96, 128), 50.0)
    weights = torch.rand((8, 9), generator=torch.Generator().manual_seed(1)) * 2 - 1
    gains = torch.linspace(0.1, 0.8, 8)
    found = physics.bias_field(flat, weights, gains)
    field = torch.log(found / 50)[:, 0].double().numpy()
    np.testing.assert_allclose(field.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(np.abs(field).max(axis=(1, 2)), gains, rtol=0.03)
    waves = fft.dctn(field, axes=(1, 2), norm="ortho")
    down, across = np.indices(waves.shape[1:])
    beyond = np.abs(waves[:, down + across > physics.FIELD_ORDER]).max()
    assert beyond < 1e-3 < np.abs(waves).max()


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("replicas", [2, 4, 8])
def test_ghosts_lie_a_kth_of_the_side_away(scans: Tensor, replicas: int, across: bool) -> None:
    scan, side = scans[:1], scans.shape[-1]
    axis = 1 if across else 0
    phase = torch.tensor([0.7])
    found = physics.ghosting(
        scan, torch.tensor([0.3]), torch.tensor([float(replicas)]), phase, torch.tensor([across])
    )[0, 0]
    # The same as weights on the lines of k-space.
    line = np.fft.fftfreq(side) * side
    weights = 0.7 + 0.3 * np.exp(0.7j) * np.cos(2 * np.pi * line / replicas)
    shape = (1, -1) if across else (-1, 1)
    measured = np.fft.fft2(scan[0, 0].numpy()) * weights.reshape(shape)
    expected = np.abs(np.fft.ifft2(measured))
    np.testing.assert_allclose(found, expected.clip(0, 255), atol=0.01)
    # Seen from outside: what was added is most like the scan at that shift.
    own = scan[0, 0].numpy()
    added = (found.numpy() ** 2 - (0.7 * own) ** 2).clip(min=0)
    alike = [(added * np.roll(own, shift, axis)).sum() for shift in range(side)]
    if replicas > 2:
        near = np.argmax(alike[side // 16 : side // 2]) + side // 16
        assert abs(near - side // replicas) <= 1


def test_truncation_removes_what_it_should_of_k_space(scans: Tensor) -> None:
    side = scans.shape[-1]
    keeps = torch.tensor([0.5, 1.0, 0.25, 0.7]), torch.tensor([0.5, 0.3, 1.0, 0.4])
    found = physics.resolution(scans, *keeps)
    frequency = np.abs(np.fft.fftfreq(side))
    for scan, down, across, ours in zip(scans, *keeps, found, strict=True):
        kept = (frequency <= float(down) / 2)[:, None] & (frequency <= float(across) / 2)
        expected = np.abs(np.fft.ifft2(np.fft.fft2(scan[0].numpy()) * kept))
        np.testing.assert_allclose(ours[0], expected.clip(0, 255), atol=0.01)


def test_a_move_is_a_shift_of_the_lines_measured_after_it(scans: Tensor) -> None:
    side = scans.shape[-1]
    starts = torch.tensor([[0.2, 0.6]] * 4)
    shifts = torch.tensor([[[3.0, 1.5], [-2.0, 4.0]]] * 4)
    across = torch.tensor([False, True, False, True])
    found = physics.motion(scans, starts, shifts, across)
    frequency = np.fft.fftfreq(side)
    # At the middle only the first move has happened: there the head lies.
    for scan, turned, ours in zip(scans, across.tolist(), found, strict=True):
        time = frequency + 0.5
        moved = (time >= 0.2)[:, None] * np.array([3.0, 1.5])
        moved = moved + (time >= 0.6)[:, None] * np.array([-2.0, 4.0]) - np.array([3.0, 1.5])
        down, right = moved[None].T if turned else moved.T[:, :, None]
        phase = frequency[:, None] * (down[:, 0][None] if turned else down)
        phase = phase + frequency[None] * (right[:, 0][None] if turned else right)
        measured = np.fft.fft2(scan[0].numpy()) * np.exp(-2j * np.pi * phase)
        expected = np.abs(np.fft.ifft2(measured)).clip(0, 255)
        np.testing.assert_allclose(ours[0], expected, atol=0.02)


def test_one_move_before_the_first_line_changes_nothing(scans: Tensor) -> None:
    shifts = torch.full((4, 1, 2), 5.0)
    still = physics.motion(scans, torch.zeros((4, 1)), shifts, torch.zeros(4, dtype=torch.bool))
    torch.testing.assert_close(still, scans, atol=0.01, rtol=0)


def test_inversion_stays_inside_the_skull(scans: Tensor) -> None:
    found = physics.inversion(scans, all_of(1.0, scans))
    depth = physics.depth_in_head(scans)
    outside = depth == 0
    assert outside.float().mean() > 0.05
    assert torch.equal(found[outside], scans[outside])
    for scan, made, deep in zip(scans, found, depth > 30, strict=True):
        tissue = torch.stack((scan[deep], made[deep]))
        assert deep.sum() > 500
        assert torch.corrcoef(tissue)[0, 1] < -0.85  # not -1: nothing gets black


def test_depth_is_the_distance_to_the_head_s_end() -> None:
    picture = torch.zeros((1, 1, 64, 64))
    picture[..., 8:56, 16:48] = 200
    picture[..., 24:40, 24:40] = 0  # a hollow in it is inside
    depth = physics.depth_in_head(picture)[0, 0]
    assert depth[32, 32] == pytest.approx(16, abs=2)
    assert depth[32, 20] == pytest.approx(4, abs=2)
    assert depth[:4].max() == depth[:, 56:].max() == 0


def window(images: Tensor, low: float, high: float) -> Tensor:
    return physics.window(images, all_of(low, images), all_of(high, images))


def test_a_window_maps_its_ends_to_black_and_white() -> None:
    ramp = torch.arange(256.0).view(1, 1, 1, 256)
    found = window(ramp, 20, 220)[0, 0, 0]
    assert found[20] == 0 and found[220] == 255
    assert found[120] == pytest.approx(127.5)
    assert window(ramp, -45, 255).min() == pytest.approx(255 * 45 / 300)


@pytest.mark.parametrize("compare", [torch.less, torch.greater])
def test_gamma_leaves_black_and_white(compare: Callable[[Tensor, Tensor], Tensor]) -> None:
    ramp = torch.arange(256.0).view(1, 1, 1, 256)
    strength = 0.5 if compare is torch.less else -0.5
    found = physics.gamma(ramp, torch.tensor([strength]))[0, 0, 0]
    assert found[0] == 0 and found[255] == pytest.approx(255)
    assert compare(found[1:255], ramp[0, 0, 0, 1:255]).all()


def by_numpy(numbers: np.ndarray) -> np.ndarray:
    numbers = numbers.astype(np.uint32)
    numbers = (numbers ^ (numbers >> 16)) * np.uint32(0x21F0AAAD)
    numbers = (numbers ^ (numbers >> 15)) * np.uint32(0xD35A2D97)
    return numbers ^ (numbers >> 15)


def test_bits_are_those_of_unsigned_arithmetic() -> None:
    given = np.random.default_rng(0).integers(0, 2**32, 1000, dtype=np.uint32)
    ours = physics.mixed(torch.from_numpy(given.view(np.int32)))
    np.testing.assert_array_equal(ours.numpy().view(np.uint32), by_numpy(given))


def test_each_bit_decides_over_half_of_the_others() -> None:
    given = np.random.default_rng(1).integers(0, 2**32, 2000, dtype=np.uint32)
    for bit in range(32):
        changed = by_numpy(given) ^ by_numpy(given ^ np.uint32(1 << bit))
        share = np.unpackbits(changed.view(np.uint8)).mean()
        assert abs(share - 0.5) < 0.02


def test_pairs_are_uniform_and_unrelated() -> None:
    # Seeds that lie side by side, as the worst case.
    first, second = physics.uniform_pairs(torch.arange(4, dtype=torch.int32), 256 * 256)
    columns = torch.cat((first, second)).double().numpy()
    assert columns.min() > 0 and columns.max() < 1
    for column in columns:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
        beside = np.corrcoef(column[:-1], column[1:])[0, 1]
        below = np.corrcoef(column[:-256], column[256:])[0, 1]
        assert max(abs(beside), abs(below)) < 0.02
    related = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(related).max() < 0.02


def test_every_draw_has_a_seed_of_its_own() -> None:
    draws = torch.tensor([0.0, 2**-24, 0.5, 1 - 2**-24])
    assert physics.seeds_of(draws).tolist() == [0, 1, physics.SEEDS // 2, physics.SEEDS - 1]
