import numpy as np
import torch
from scipy import stats

from brain_tumor.data.transforms.mri_physics import SEEDS, mixed, seeds_of, uniform_pairs


def by_numpy(numbers: np.ndarray) -> np.ndarray:
    numbers = numbers.astype(np.uint32)
    numbers = (numbers ^ (numbers >> 16)) * np.uint32(0x21F0AAAD)
    numbers = (numbers ^ (numbers >> 15)) * np.uint32(0xD35A2D97)
    return numbers ^ (numbers >> 15)


def test_bits_are_those_of_unsigned_arithmetic() -> None:
    given = np.random.default_rng(0).integers(0, 2**32, 1000, dtype=np.uint32)
    ours = mixed(torch.from_numpy(given.view(np.int32)))
    np.testing.assert_array_equal(ours.numpy().view(np.uint32), by_numpy(given))


def test_each_bit_decides_over_half_of_the_others() -> None:
    given = np.random.default_rng(1).integers(0, 2**32, 2000, dtype=np.uint32)
    for bit in range(32):
        changed = by_numpy(given) ^ by_numpy(given ^ np.uint32(1 << bit))
        share = np.unpackbits(changed.view(np.uint8)).mean()
        assert abs(share - 0.5) < 0.02


def test_pairs_are_uniform_and_unrelated() -> None:
    # Seeds that lie side by side, as the worst case.
    first, second = uniform_pairs(torch.arange(4, dtype=torch.int32), 256 * 256)
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
    assert seeds_of(draws).tolist() == [0, 1, SEEDS // 2, SEEDS - 1]
