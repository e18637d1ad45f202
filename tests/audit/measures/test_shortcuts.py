import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import laplace
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from brain_tumor.audit.measures.shortcuts import (
    BLOCK,
    PERCENTILES,
    border_features,
    intensity_features,
    predict_by_boosting,
    predict_by_regression,
)


def noise(scans: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    # Brightness and contrast differ from scan to scan, so that rows cannot be mixed up unseen.
    levels = generator.integers(1, 256, (scans, 1, 1))
    return generator.integers(0, levels, (scans, height, width), dtype=np.uint8)


@given(st.integers(0, 1000), st.integers(3, 20), st.integers(3, 20))
@settings(max_examples=50, deadline=None)
def test_intensity_features_are_numpy_s_and_scipy_s(seed: int, height: int, width: int) -> None:
    images = noise(3, height, width, seed)
    for image, found in zip(images, intensity_features(images), strict=True):
        percentiles = np.percentile(image, PERCENTILES, method="inverted_cdf")
        # OpenCV mirrors at the edge without repeating it.
        sharpness = laplace(image.astype(float), mode="mirror").var()
        np.testing.assert_allclose(found, [image.mean(), image.std(), *percentiles, sharpness])


@pytest.mark.parametrize(("height", "width", "margin"), [(32, 32, 8), (35, 50, 8), (20, 31, 3)])
def test_border_features_are_those_of_a_plain_loop(height: int, width: int, margin: int) -> None:
    images = noise(2, height, width)
    columns, rows = range(0, width, margin), range(margin, height - margin, margin)
    cuts = [(slice(0, margin), slice(x, x + margin)) for x in columns]
    cuts += [(slice(height - margin, height), slice(x, x + margin)) for x in columns]
    sides = slice(0, margin), slice(width - margin, width)
    # The last block ends where the bottom strip begins.
    cuts += [(slice(y, min(y + margin, height - margin)), side) for side in sides for y in rows]
    for image, found in zip(images, border_features(images, margin), strict=True):
        blocks = [image[cut] for cut in cuts]
        np.testing.assert_allclose(
            found, [block.mean() for block in blocks] + [block.std() for block in blocks]
        )


def test_a_report_size_scan_has_248_border_numbers() -> None:
    assert border_features(noise(1, 256, 256)).shape == (1, 2 * 4 * 31)


@given(st.integers(0, 1000), st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_only_the_frame_has_influence(seed: int, margin: int) -> None:
    images = noise(2, 24, 29, seed)
    before = border_features(images, margin)
    images[:, margin:-margin, margin:-margin] ^= 255
    np.testing.assert_array_equal(border_features(images, margin), before)


@given(st.integers(0, 23), st.integers(0, 28), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_every_pixel_of_the_frame_has_influence(row: int, column: int, margin: int) -> None:
    images = np.full((1, 24, 29), 100, np.uint8)
    before = border_features(images, margin)
    images[0, row, column] = 0
    inside = margin <= row < 24 - margin and margin <= column < 29 - margin
    assert np.array_equal(border_features(images, margin), before) == inside


def test_a_flat_frame_has_no_spread() -> None:
    means, spreads = np.split(border_features(np.full((1, 64, 64), 77, np.uint8))[0], 2)
    assert set(means) == {77.0}
    assert not spreads.any()


def test_scans_stay_on_the_disk_and_each_in_its_row(tmp_path: Path) -> None:
    images = noise(6 * BLOCK + 5, 96, 96)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for features in (border_features, intensity_features):
        tracemalloc.start()
        found = features(mapped)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # 14 MB of scans. A block's frames as float64, with their squares, take 3 MB; those of all
        # scans at once would take 19 MB.
        assert peak - found.nbytes < 0.5 * images.nbytes
        for row in (0, BLOCK - 1, BLOCK, len(images) - 1):
            np.testing.assert_array_equal(found[row], features(images[row : row + 1])[0])


def drawn_classes() -> tuple[np.ndarray, np.ndarray]:
    """Four classes: two told by the first feature, two more by the product of two others."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(1200, 4))
    targets = 2 * (features[:, 0] > 0) + (features[:, 1] * features[:, 2] > 0)
    return features, targets.astype(np.int64)


def test_boosting_finds_what_is_there_and_nothing_else() -> None:
    features, targets = drawn_classes()
    train, test = np.arange(900), np.arange(900, 1200)
    predicted = predict_by_boosting(features, targets, train, test)
    assert predicted.dtype == np.int64
    assert np.mean(predicted == targets[test]) > 0.9
    # The fourth feature tells nothing: chance is a quarter, +-0.05 with 300 scans.
    blind = predict_by_boosting(features[:, 3:], targets, train, test)
    assert np.mean(blind == targets[test]) < 0.35


def test_boosting_never_sees_the_targets_of_test_scans() -> None:
    features, targets = drawn_classes()
    train, test = np.arange(400), np.arange(1199, 1000, -1)
    predicted = predict_by_boosting(features, targets, train, test)
    hidden = targets.copy()
    hidden[400:] = 0
    np.testing.assert_array_equal(predict_by_boosting(features, hidden, train, test), predicted)
    # In the order of `test`, whatever it is.
    np.testing.assert_array_equal(
        predict_by_boosting(features, targets, train, test[::-1]), predicted[::-1]
    )


def drawn_features(scans: int = 800, width: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Four Gaussian clouds; features on very different scales, and one that is constant."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 4, scans)
    centres = generator.normal(size=(4, width)) * 0.6
    features = centres[targets] + generator.normal(size=(scans, width))
    features *= np.geomspace(1e-3, 1e3, width)
    features[:, 7] = 5
    return features.astype(np.float32), targets


def test_a_regression_is_nearly_as_good_as_the_best_there_is() -> None:
    features, targets = drawn_features()
    train, test = np.arange(600), np.arange(600, 800)
    predicted = predict_by_regression(features, targets, train, test)
    assert predicted.dtype == np.int64
    # Linear discriminants are what such clouds were drawn for; without scaling, the features of
    # small scale would be lost.
    best = LinearDiscriminantAnalysis().fit(features[train], targets[train])
    reached = np.mean(predicted == targets[test])
    assert reached > best.score(features[test], targets[test]) - 0.03
    assert reached > 0.9


def test_features_that_say_much_the_same_converge_too() -> None:
    # A common factor far stronger than the classes, as pooled features have it: forty iterations.
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 4, 800)
    features = 0.2 * generator.normal(size=(4, 300))[targets] + generator.normal(size=(800, 300))
    features += 3 * generator.normal(size=(800, 1)) * generator.normal(size=300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn warns where it stops too early
        predict_by_regression(
            features.astype(np.float32), targets, np.arange(700), np.arange(700, 800)
        )


def test_a_regression_sees_neither_targets_nor_features_of_test_scans() -> None:
    features, targets = drawn_features()
    train, test = np.arange(100, 400), np.array([799, 3, 500])
    predicted = predict_by_regression(features, targets, train, test)
    targets[:100], targets[400:] = 0, 0
    # The scale is that of the training scans: other test scans, however far off, change nothing.
    features[450] = 1e6
    np.testing.assert_array_equal(
        predict_by_regression(features, targets, train, np.append(test, 450))[:3], predicted
    )


def test_one_class_is_no_task_for_a_regression() -> None:
    features, targets = drawn_features(20)
    with pytest.raises(ValueError, match="at least 2 classes"):
        predict_by_regression(features, np.zeros_like(targets), np.arange(10), np.arange(10, 20))
