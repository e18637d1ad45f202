import cv2
import numpy as np
import pytest
from phantoms import draw_phantom

from brain_tumor.data.groups.local_structure import local_structure
from brain_tumor.data.groups.registration import similarities
from brain_tumor.data.phantom import CLASSES, VIEWS

# What a copy may be moved by: pixels of 96, degrees, and a share of its size.
MOVES = [(0, 0, 0, 1), (3, -2, 0, 1), (0, 0, 5, 1), (0, 0, -5, 1), (0, 0, 0, 0.9), (1, 2, 3, 1.1)]


def phantom(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return draw_phantom(CLASSES[seed % 4], VIEWS[seed % len(VIEWS)], rng, 96).pixels


def moved(scan: np.ndarray, across: float, down: float, turn: float, scale: float) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((47.5, 47.5), turn, scale)
    matrix[:, 2] += (across, down)
    return cv2.warpAffine(scan, matrix, (96, 96))


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_a_moved_copy_is_laid_on_its_original(move: tuple[float, ...]) -> None:
    scans = [phantom(seed) for seed in range(8)]
    first = np.stack([local_structure(scan) for scan in scans])
    second = np.stack([local_structure(moved(scan, *move)) for scan in scans])
    found = similarities(first, second)
    assert found.dtype == np.float32 and found.shape == (8,)
    assert found.min() > 0.85
    others = similarities(first, np.roll(second, -1, axis=0))
    assert others.max() < found.min() - 0.1


def test_a_scan_is_like_itself_and_nothing_is_like_a_blank_one() -> None:
    structure = local_structure(phantom(1))
    both = np.stack([structure, structure]), np.stack([structure, np.zeros_like(structure)])
    found = similarities(*both)
    assert found[0] == pytest.approx(1, abs=1e-3) and found[1] == pytest.approx(0, abs=1e-3)


def test_a_pair_is_as_alike_in_any_company() -> None:
    # Batches must not change what is found: `find_near_duplicates` cuts them as they come.
    structures = np.stack([local_structure(phantom(seed)) for seed in range(6)])
    turned = np.roll(structures, -1, axis=0)
    together = similarities(structures, turned)
    alone = [
        similarities(*pair)[0] for pair in zip(structures[:, None], turned[:, None], strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-5)
