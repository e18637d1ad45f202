import cv2
import numpy as np
import pytest

from brain_tumor.data.groups.candidates import GRID, describe, find_candidates, whiten
from brain_tumor.data.groups.local_structure import local_structure
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient


def pictures(number: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    fields = [cv2.GaussianBlur(rng.normal(size=(96, 96)), (0, 0), 5) for _ in range(number)]
    return np.stack(
        [cv2.normalize(f, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for f in fields]
    )


def white(scans: np.ndarray) -> np.ndarray:
    return whiten(np.stack([describe(local_structure(scan)) for scan in scans]))


@pytest.mark.parametrize("known", [0, 5, 12])
def test_they_are_those_of_a_search_in_all_orientations(known: int) -> None:
    scans = pictures(20)
    names = list(ORIENTATIONS)
    for place in range(10, 20):
        scans[place] = np.ascontiguousarray(orient(scans[place - 10], names[place % 8]))
    found = [part for *_, part in find_candidates(white(scans), 0.8, known)]
    pairs = {
        (int(i), int(j)): names[turn]
        for part in found
        for i, j, turn in zip(part.first, part.second, part.orientation, strict=True)
    }
    assert set(pairs) == {(i, i + 10) for i in range(10) if i + 10 >= known}
    for (i, j), name in pairs.items():
        assert np.array_equal(orient(scans[j], name), scans[i])


def test_whitening_turns_with_the_scan() -> None:
    scans = pictures(12)
    described = np.stack([describe(local_structure(scan)) for scan in scans])
    turned = np.stack(
        [describe(local_structure(np.ascontiguousarray(orient(s, "transposed")))) for s in scans]
    )
    # What all have in common is the same for the turned ones, so cosines are, too.
    plain, other = (whiten(d).reshape(len(scans), -1) for d in (described, turned))
    np.testing.assert_allclose(plain @ plain.T, other @ other.T, atol=0.02)


def test_what_all_have_in_common_does_not_make_them_alike() -> None:
    # A strong frame around weak, different insides.
    scans = pictures(30) // 6
    for scan in scans:
        cv2.circle(scan, (48, 48), 40, 255, 5)
    described = np.stack([describe(local_structure(scan)) for scan in scans])
    plain = described.reshape(30, -1)
    whitened = whiten(described).reshape(30, -1)
    above = np.triu_indices(30, 1)
    assert (plain @ plain.T)[above].min() > 0.3
    assert np.abs((whitened @ whitened.T)[above]).mean() < 0.2


def test_blank_ones_are_no_candidates() -> None:
    scans = pictures(4)
    scans[1:3] = 0
    found = [part for *_, part in find_candidates(white(scans), 0.4)]
    ends = {int(end) for part in found for end in (*part.first, *part.second)}
    assert not {1, 2} & ends
    assert describe(local_structure(scans[1])).shape == (2, GRID, GRID)
