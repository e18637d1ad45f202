from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain_tumor.data import near_duplicates
from brain_tumor.data.near_duplicates import NearDuplicateSettings, cluster, find_near_duplicates
from brain_tumor.data.orientations import ORIENTATIONS, orient
from brain_tumor.data.phantom import CLASSES, VIEWS, draw_phantom
from brain_tumor.data.thumbnails import THUMBNAIL, thumbnail
from brain_tumor.errors import ConfigError

AS_CONFIGURED = NearDuplicateSettings(frame=0.98, head=0.96)


def phantom(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return draw_phantom(CLASSES[seed % 4], VIEWS[seed % len(VIEWS)], rng, 256).pixels


def thumbnails(scans: list[np.ndarray]) -> np.ndarray:
    return np.stack([thumbnail(scan) for scan in scans])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def by_brute_force(scans: np.ndarray, least: float) -> set[tuple[int, int]]:
    return {
        (i, j)
        for i, j in combinations(range(len(scans)), 2)
        if max(correlation(scans[i], orient(scans[j], name)) for name in ORIENTATIONS) >= least
    }


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 0.99))
def test_the_bound_loses_no_pair_and_adds_none(seed: int, least: float) -> None:
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
    blank = np.zeros_like(scans)
    found = find_near_duplicates(scans, blank, NearDuplicateSettings(least, 0.9999))
    pairs = {(pair.first, pair.second) for pair in found}
    # At the threshold itself float32 and float64 may differ.
    assert by_brute_force(scans, least + 1e-4) <= pairs <= by_brute_force(scans, least - 1e-4)


def plainly(scans: np.ndarray, least: float) -> list[tuple[int, int, str, float]]:
    """All pairs in all orientations at full resolution, in float32: what the bounds spare."""
    whole = scans.astype(np.float32)
    whole -= whole.mean(axis=(1, 2), keepdims=True)
    whole /= np.sqrt(np.square(whole).sum(axis=(1, 2), keepdims=True))
    first, second = np.array(list(combinations(range(len(scans)), 2))).T
    turned = [
        np.einsum("nij,nij->n", whole[first], orient(whole[second], name)) for name in ORIENTATIONS
    ]
    best, names = np.argmax(turned, axis=0), list(ORIENTATIONS)
    return [
        (int(i), int(j), names[o], round(float(value), 5))
        for i, j, o, value in zip(first, second, best, np.max(turned, axis=0), strict=True)
        if value >= least
    ]


@pytest.mark.parametrize("least", [0.6, 0.9, 0.98])
@pytest.mark.parametrize("number", [3, 14])
def test_pairs_are_to_the_last_digit_those_of_the_plain_search(least: float, number: int) -> None:
    names = list(ORIENTATIONS)
    scans = [phantom(seed // 2) for seed in range(number)]
    scans[1::2] = [
        cv2.convertScaleAbs(np.ascontiguousarray(orient(scan, names[i % 8])), alpha=0.7, beta=9)
        for i, scan in enumerate(scans[1::2])
    ]
    small = thumbnails(scans)
    found = find_near_duplicates(small, np.zeros_like(small), NearDuplicateSettings(least, 0.9999))
    expected = plainly(small, least)
    assert len(expected) >= number // 2
    assert [(p.first, p.second, p.orientation, p.correlation) for p in found] == expected


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_turned_copy_is_found_with_its_orientation(name: str) -> None:
    scan = phantom(3)
    frames = thumbnails([scan, np.ascontiguousarray(orient(scan, name))])
    (pair,) = find_near_duplicates(frames, np.zeros_like(frames), AS_CONFIGURED)
    # The orientation is what turns the second back into the first.
    assert np.array_equal(orient(frames[1], pair.orientation), frames[0])
    assert pair.correlation == pytest.approx(1, abs=1e-4)
    assert (pair.first, pair.second, pair.view) == (0, 1, "frame")


def test_resized_recoded_and_stretched_contrast_are_found_and_other_scans_are_not() -> None:
    scan = phantom(8)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0)
    copies = [
        cv2.resize(scan, (173, 201)),
        jpeg,
        cv2.convertScaleAbs(scan, alpha=0.5, beta=40),
        cv2.resize(np.ascontiguousarray(jpeg[:, ::-1]), (512, 512)),
    ]
    scans = thumbnails([scan, *copies, phantom(0), phantom(1), phantom(2)])
    found = find_near_duplicates(scans, np.zeros_like(scans), AS_CONFIGURED)
    assert cluster(found, len(scans)).tolist() == [0, 0, 0, 0, 0, 1, 2, 3]


def test_the_head_shows_a_copy_with_another_margin() -> None:
    scan = phantom(5)
    wider = cv2.copyMakeBorder(scan, 10, 60, 70, 0, cv2.BORDER_CONSTANT, value=0)
    frames = thumbnails([scan, wider])
    heads = thumbnails([scan, scan])
    found = find_near_duplicates(frames, heads, AS_CONFIGURED)
    assert {pair.view for pair in found} == {"head"}


def test_blank_scans_are_like_no_other_and_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.full((400, THUMBNAIL, THUMBNAIL), 7, np.uint8)
    looked_at = []
    monkeypatch.setattr(near_duplicates, "orient", lambda *scans: looked_at.append(scans))
    assert find_near_duplicates(blank, blank, AS_CONFIGURED) == []
    assert looked_at == []  # no pair of them is a candidate


def test_more_scans_than_a_block_are_all_compared() -> None:
    # 700 noise pictures, two of which come again across the border between two blocks.
    scans = np.random.default_rng(0).integers(0, 256, (700, 96, 96), np.uint8)
    scans[699], scans[20] = scans[3][::-1], scans[19][:, ::-1]
    steps: list[tuple[int, int]] = []
    found = find_near_duplicates(
        scans, np.zeros_like(scans), AS_CONFIGURED, lambda *done: steps.append(done)
    )
    assert {(p.first, p.second) for p in found} == {(3, 699), (19, 20)}
    assert steps == [(i, 6) for i in range(1, 7)]  # three pairs of blocks, two views


@pytest.mark.parametrize("known", [1, 20, 512, 600, 699])
def test_known_scans_are_compared_with_the_others_alone(known: int) -> None:
    scans = np.random.default_rng(1).integers(0, 256, (700, 96, 96), np.uint8)
    planted = [(0, 699), (3, 698), (19, 530), (21, 22), (601, 602), (40, 697)]
    for first, second in planted:
        scans[second] = scans[first][:, ::-1]
    found = find_near_duplicates(scans, np.zeros_like(scans), AS_CONFIGURED, known=known)
    assert {(p.first, p.second) for p in found} == {p for p in planted if p[1] >= known}


@pytest.mark.parametrize("value", [0.4, 1.0, True, "high"])
def test_a_threshold_out_of_range_is_named(value: object) -> None:
    with pytest.raises(ConfigError, match=r"near_duplicates\.head"):
        NearDuplicateSettings(frame=0.98, head=value)
