from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain_tumor.data.groups import lookalikes
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes, correlated, find_lookalikes
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.prepared.prepared_set import PreparedSet


def by_brute_force(scans: np.ndarray) -> dict[tuple[int, int], float]:
    return {
        (i, j): max(
            float(np.corrcoef(scans[i].ravel(), orient(scans[j], name).ravel())[0, 1])
            for name in ORIENTATIONS
        )
        for i, j in combinations(range(len(scans)), 2)
    }


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 0.99), st.sampled_from([4, 512]))
def test_no_pair_is_missed_and_none_is_added(seed: int, least: float, block: int) -> None:
    # Smooth random fields and noisy, turned copies of them: correlations of every size.
    rng = np.random.default_rng(seed)
    fields = [
        cv2.GaussianBlur(rng.normal(size=(96, 96)), (0, 0), rng.uniform(1, 9)) for _ in "12345"
    ]
    names = list(ORIENTATIONS)
    for field in fields[:4]:
        noisy = field + rng.normal(size=field.shape) * field.std() * rng.uniform(0, 1)
        fields.append(orient(noisy.astype(np.float32), names[rng.integers(8)]))
    scans = np.stack(
        [cv2.normalize(f, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for f in fields]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookalikes, "_BLOCK", block)
        found = correlated(least, scans)
    pairs = dict(zip(zip(found.first, found.second, strict=True), found.correlation, strict=True))
    true = by_brute_force(scans)
    # At the threshold itself float32 and float64 may differ.
    assert {p for p, v in true.items() if v >= least + 1e-4} <= set(pairs)
    assert set(pairs) <= {p for p, v in true.items() if v >= least - 1e-4}
    for pair, value in pairs.items():
        assert value == pytest.approx(true[pair], abs=1e-4)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_blank_scans_are_like_none(value: int) -> None:
    assert len(correlated(0.5, np.full((40, 96, 96), value, np.uint8)).first) == 0


def test_a_pair_counts_by_the_view_in_which_it_is_most_alike() -> None:
    one, other = np.random.default_rng(0).integers(0, 256, (2, 3, 96, 96), np.uint8)
    one[2], other[2] = one[0], other[0]
    other[2, ::2] = one[2, ::2]
    for views in ((one, other), (other, one)):
        found = correlated(0.4, *views)
        assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
        assert found.correlation == pytest.approx([1], abs=1e-5)


def test_the_closest_training_scan_counts_whichever_stands_first() -> None:
    found = Lookalikes(
        np.array([0, 1, 2]), np.array([3, 3, 4]), np.array([0.94, 0.99, 0.95], np.float32)
    )
    train, test = np.array([0, 3, 4]), np.array([1, 2, 5])
    np.testing.assert_allclose(found.closest(train, test), [0.99, 0.95, 0])
    # Pairs inside one part do not count.
    np.testing.assert_allclose(found.closest(np.array([5]), np.array([0, 3])), [0, 0])


def test_copies_that_were_planted_are_seen(prepared: PreparedSet) -> None:
    kept = prepared.kept
    found = find_lookalikes(prepared)
    pairs = {
        (int(i), int(j))
        for i, j, value in zip(found.first, found.second, found.correlation, strict=True)
        if value >= LEVELS[-1]
    }
    # Phantoms come a second time, mirrored, as another file.
    true = {
        (i, j)
        for i, j in combinations(range(len(kept)), 2)
        if kept[i].slice_key == kept[j].slice_key
    }
    assert true and true <= pairs
