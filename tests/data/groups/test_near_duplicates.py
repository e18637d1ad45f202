import cv2
import hydra
import numpy as np
import pytest
from phantoms import draw_phantom

from brain_tumor.cli.command import conf_folder
from brain_tumor.data.groups import near_duplicates
from brain_tumor.data.groups.near_duplicates import (
    cluster,
    correlate,
    find_near_duplicates,
)
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.phantom import CLASSES, VIEWS
from brain_tumor.data.prepared.thumbnails import THUMBNAIL, thumbnail
from brain_tumor.errors import ConfigError
from experiments.near_duplicates.alterations import ALTERATIONS, STRENGTHS

AS_CONFIGURED = NearDuplicateSettings()
STRICT = NearDuplicateSettings(0.82, 0.82, 0.82, 0.88)  # the same slice alone


def phantom(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return draw_phantom(CLASSES[seed % 4], VIEWS[seed % len(VIEWS)], rng, 256).pixels


def thumbnails(scans: list[np.ndarray]) -> np.ndarray:
    return np.stack([thumbnail(scan) for scan in scans])


@pytest.fixture(scope="module")
def phantoms() -> list[np.ndarray]:
    return [phantom(seed) for seed in range(24)]


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_copy_is_the_same_slice_and_no_other(
    phantoms: list[np.ndarray], name: str
) -> None:
    # One of each three drawn scans, altered in three strengths; `altered.py` does so with 500 real
    # ones. One drawn scan shows next to nothing inside, and what little others show is noise once
    # it was normalised locally.
    missed = 0
    for strength in STRENGTHS:
        rng = np.random.default_rng(strength)
        altered = [ALTERATIONS[name](scan, strength, rng) for scan in phantoms[::3]]
        frames = thumbnails([*phantoms, *altered])
        pairs = find_near_duplicates(frames, AS_CONFIGURED, known=len(phantoms))
        found = {(p.first, p.second) for p in pairs}
        right = {(3 * place, len(phantoms) + place) for place in range(len(altered))}
        missed += len(right - found)
        same = {(p.first, p.second) for p in pairs if p.similarity >= AS_CONFIGURED.same_slice}
        assert same <= right, (strength, same - right)
    assert missed <= (8 if name == "local normalisation" else 1)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_turned_copy_is_found_with_its_orientation(name: str) -> None:
    scan = phantom(3)
    frames = thumbnails([scan, np.ascontiguousarray(orient(scan, name))])
    (pair,) = find_near_duplicates(frames, AS_CONFIGURED)
    # The orientation is what turns the second back into the first.
    assert np.array_equal(orient(frames[1], pair.orientation), frames[0])
    assert (pair.first, pair.second) == (0, 1)
    assert min(pair.similarity, pair.frame_correlation) > 0.98


def test_two_copies_alone_are_found() -> None:
    # Nothing but these tells what scans have in common.
    frames = thumbnails([phantom(5), 255 - phantom(5)])
    assert [(p.first, p.second) for p in find_near_duplicates(frames, STRICT)] == [(0, 1)]


def test_resized_and_recoded_copies_are_one_cluster_and_other_scans_are_not() -> None:
    scan = phantom(8)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0)
    copies = [
        cv2.resize(scan, (173, 201)),
        jpeg,
        cv2.convertScaleAbs(scan, alpha=0.5, beta=40),
        cv2.resize(np.ascontiguousarray(jpeg[:, ::-1]), (512, 512)),
        cv2.copyMakeBorder(scan, 10, 60, 70, 0, cv2.BORDER_CONSTANT, value=0),
    ]
    scans = thumbnails([scan, *copies, phantom(0), phantom(1), phantom(2)])
    found = find_near_duplicates(scans, STRICT)
    assert cluster(found, len(scans)).tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 3]


def test_letters_and_a_line_beside_the_head_hide_no_copy() -> None:
    scan = cv2.copyMakeBorder(phantom(9), 0, 0, 90, 90, cv2.BORDER_CONSTANT, value=0)
    marked = scan.copy()
    for row in range(40, 240, 40):
        cv2.putText(marked, "R 12", (4, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    marked[:, -3:] = 255
    frames = thumbnails([phantom(9), marked, *map(phantom, range(10, 16))])
    found = find_near_duplicates(frames, STRICT)
    assert [(p.first, p.second) for p in found] == [(0, 1)]


def test_blank_scans_are_like_no_other() -> None:
    blank = np.full((40, THUMBNAIL, THUMBNAIL), 7, np.uint8)
    assert find_near_duplicates(blank, AS_CONFIGURED) == []


def test_the_order_of_the_scans_changes_no_pair(phantoms: list[np.ndarray]) -> None:
    frames = thumbnails([*phantoms, *(scan[:, ::-1] for scan in phantoms[::4])])
    order = np.random.default_rng(0).permutation(len(frames))
    plain = {frozenset((p.first, p.second)) for p in find_near_duplicates(frames, STRICT)}
    mixed = find_near_duplicates(frames[order], STRICT)
    assert {frozenset((int(order[p.first]), int(order[p.second]))) for p in mixed} == plain


def test_more_scans_than_a_block_are_all_compared() -> None:
    # 700 blurred noise pictures, two of which come again across the border between two blocks.
    rng = np.random.default_rng(0)
    scans = np.stack([blobs(rng) for _ in range(700)])
    scans[699], scans[20] = scans[3][::-1], scans[19][:, ::-1]
    steps: list[tuple[int, int]] = []
    found = find_near_duplicates(scans, STRICT, lambda *done: steps.append(done))
    assert {(p.first, p.second) for p in found} == {(3, 699), (19, 20)}
    assert steps == sorted(set(steps)) and steps[-1] == (100, 100)


@pytest.mark.parametrize("known", [1, 20, 40])
def test_known_scans_are_compared_with_the_others_alone(known: int) -> None:
    rng = np.random.default_rng(1)
    scans = np.stack([blobs(rng) for _ in range(60)])
    planted = [(0, 59), (3, 58), (19, 30), (21, 22), (45, 46), (10, 57)]
    for first, second in planted:
        scans[second] = scans[first][:, ::-1]
    found = find_near_duplicates(scans, STRICT, known=known)
    assert {(p.first, p.second) for p in found} == {p for p in planted if p[1] >= known}


def blobs(rng: np.random.Generator) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.normal(size=(THUMBNAIL, THUMBNAIL)), (0, 0), 4)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_pictures_correlate_as_numpy_says() -> None:
    rng = np.random.default_rng(2)
    one, other = (np.stack([blobs(rng) for _ in range(6)]) for _ in range(2))
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(correlate(one, other), expected, atol=1e-5)
    assert (correlate(one, np.zeros_like(one)) == 0).all()


def test_pairs_that_are_not_laid_on_each_other_would_not_be_related(
    phantoms: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = cv2.getRotationMatrix2D((47.5, 47.5), 5, 0.95)
    copies = [cv2.warpAffine(scan, turned, scan.shape[::-1]) for scan in phantoms[::3]]
    frames = thumbnails([*phantoms, *copies])
    quickly = find_near_duplicates(frames, AS_CONFIGURED)
    monkeypatch.setattr(near_duplicates, "_LEAST_UNMOVED", -1.0)
    assert quickly and find_near_duplicates(frames, AS_CONFIGURED) == quickly


@pytest.mark.parametrize("value", [0.3, 1.0, True, "high"])
def test_a_threshold_out_of_range_is_named(value: object) -> None:
    with pytest.raises(ConfigError, match=r"near_duplicates\.same_slice"):
        NearDuplicateSettings(same_slice=value)


def test_related_asks_no_more_than_the_same_slice() -> None:
    with pytest.raises(ConfigError, match=r"related must be at most same_slice, 0.7: 0.8"):
        NearDuplicateSettings(same_slice=0.7, related=0.8)


def test_thresholds_of_version_0_6_are_those_of_today() -> None:
    assert NearDuplicateSettings.of({"frame": 0.98, "head": 0.96}) == NearDuplicateSettings()
    own = {"same_slice": 0.9, "related": 0.7, "related_if_frames_agree": 0.6, "frames_agree": 0.9}
    assert NearDuplicateSettings.of(own) == NearDuplicateSettings(**own)


def test_configured_thresholds_are_the_usual_ones() -> None:
    # Old run folders are given those of the class.
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        near = hydra.compose("prepare").data.near_duplicates
    assert NearDuplicateSettings(**near) == NearDuplicateSettings()
