import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from brain_tumor.audit.measures.shortcuts import predict_by_regression


def drawn_features(scans: int = 800, width: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Four Gaussian clouds; features on very different scales, and one that is constant."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 4, scans)
    centres = generator.normal(size=(4, width)) * 0.6
    features = centres[targets] + generator.normal(size=(scans, width))
    features *= np.geomspace(1e-3, 1e3, width)
    features[:, 7] = 5
    return features.astype(np.float32), targets


def test_it_is_nearly_as_good_as_the_best_there_is() -> None:
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


def test_neither_targets_nor_features_of_test_scans_leak_into_the_fit() -> None:
    features, targets = drawn_features()
    train, test = np.arange(100, 400), np.array([799, 3, 500])
    predicted = predict_by_regression(features, targets, train, test)
    targets[:100], targets[400:] = 0, 0
    # The scale is that of the training scans: other test scans, however far off, change nothing.
    features[450] = 1e6
    np.testing.assert_array_equal(
        predict_by_regression(features, targets, train, np.append(test, 450))[:3], predicted
    )


def test_one_class_is_no_task() -> None:
    features, targets = drawn_features(20)
    with pytest.raises(ValueError, match="at least 2 classes"):
        predict_by_regression(features, np.zeros_like(targets), np.arange(10), np.arange(10, 20))
