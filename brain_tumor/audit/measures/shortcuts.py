"""Features of a scan that do not show the brain, and classifiers on features."""

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from brain_tumor.metrics.arrays import Labels

Features = npt.NDArray[np.float64]
Images = npt.NDArray[np.uint8]  # `(N, H, W)`, 0-255; may be memory-mapped

PERCENTILES = (5, 25, 50, 75, 95)
BLOCK = 256  # scans in memory at once: 16 MiB of 256 x 256


def file_features(widths: Labels, heights: Labels, sizes_in_bytes: Labels) -> Features:
    """Compute width, height, width / height, bytes and bytes per pixel of raw files, `(N, 5)`.

    Example:
        >>> file_features(np.array([200]), np.array([250]), np.array([5000])).tolist()
        [[200.0, 250.0, 0.8, 5000.0, 0.1]]
    """
    per_pixel = sizes_in_bytes / (widths * heights)
    return np.column_stack([widths, heights, widths / heights, sizes_in_bytes, per_pixel])


def intensity_features(images: Images) -> Features:
    """Compute statistics of each scan's grey values, and its sharpness.

    Returns:
        `(N, 8)`, float64: mean, standard deviation, the 5th, 25th, 50th, 75th and 95th percentile
        (the smallest grey value that so many per cent of the pixels do not exceed), and the
        variance of the Laplacian (Pech-Pacheco et al., 2000, doi 10.1109/ICPR.2000.903548).
    """
    features = np.empty((len(images), 3 + len(PERCENTILES)))
    greys = np.arange(256)
    for row, image in enumerate(images):
        counts = np.bincount(image.ravel(), minlength=256)
        mean = counts @ greys / image.size
        spread = np.sqrt(counts @ (greys - mean) ** 2 / image.size)
        # Whole numbers, so that a percentile never falls on the wrong side by rounding.
        percentiles = np.searchsorted(100 * np.cumsum(counts), image.size * np.array(PERCENTILES))
        # 16 bits hold the Laplacian of uint8: -1,020 to 1,020.
        sharpness = cv2.meanStdDev(cv2.Laplacian(np.asarray(image), cv2.CV_16S))[1].item() ** 2
        features[row] = mean, spread, *percentiles, sharpness
    return features


def border_features(images: Images, margin: int = 8) -> Features:
    """Compute mean and standard deviation of each block of a scan's outer frame.

    The frame is cut into blocks of `margin` x `margin` pixels. If the side is not a multiple of
    `margin`, the last block of a strip is shorter. Pixels inside the frame have no influence.

    Args:
        images: N at least 1, more than `2 * margin` pixels each way.
        margin: Width of the frame in pixels, at least 1.

    Returns:
        `(N, 2 * blocks)`, float64: all means, then all standard deviations; 248 numbers for
        256 x 256 pixels and a margin of 8.
    """
    starts = range(0, len(images), BLOCK)
    return np.concatenate([_frame_blocks(images[i : i + BLOCK], margin) for i in starts])


def predict_by_boosting(features: Features, targets: Labels, train: Labels, test: Labels) -> Labels:
    """Fit gradient-boosted trees to the training scans and predict the test scans.

    The settings are scikit-learn's own except for the number of bins, and were not tuned for
    accuracy: a probe measures what is easy to see, not the best possible score. A fit runs in one
    thread; several fits may run in several.

    Args:
        features: `(N, F)`, float64.
        targets: Class numbers of all scans, `(N,)`, int64: the four classes, or one against the
            rest.
        train: Rows of the training scans.
        test: Rows of the test scans.

    Returns:
        Predicted class numbers of the test scans, in the order of `test`, int64.
    """
    model = HistGradientBoostingClassifier(
        # 100 rounds of 31 leaves at a rate of 0.1; 60 rounds or 15 leaves cost up to three points.
        max_iter=100,
        max_leaf_nodes=31,
        learning_rate=0.1,
        # Half of scikit-learn's 255: finding the best of all edges is most of the work with many
        # features and a few thousand scans. The border of 4,941 scans, four classes, takes 7 s
        # instead of 11, and no probe changes by more than two points.
        max_bins=127,
        # "auto" would cut a random validation part off more than 10,000 scans, not off fewer.
        early_stopping=False,
        random_state=0,  # of the sample that bin edges come from: all of up to 200,000 scans
    )
    # Its threads wait for each other, busily, thousands of times: beside another program they took
    # fifteen to forty times as long as one alone does.
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(features[train], targets[train])
        return np.asarray(model.predict(features[test]), np.int64)


def predict_by_regression(
    features: npt.NDArray[np.float32], targets: Labels, train: Labels, test: Labels
) -> Labels:
    """Fit a logistic regression, as `predict_by_boosting` fits trees: a linear probe.

    Features, such as MobileNetV2's 1,280 pooled ones, are standardised by the mean and spread of
    the training scans.

    Raises:
        ValueError: The training scans are all of one class.
    """
    # A strong penalty, as there are few more scans than weights; a fixed one, as nothing may be
    # selected on the test part. The fit converges in 70 iterations (2 s for 4,941 x 1,280); a
    # thousand leave room for features that are less well-behaved.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    # Two threads took ten times as long as one beside another program, and alone gain nothing.
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(features[train], targets[train])
        return np.asarray(model.predict(features[test]), np.int64)


def _frame_blocks(images: Images, margin: int) -> Features:
    inside = slice(margin, -margin)
    strips = (
        images[:, :margin],
        images[:, -margin:],
        images[:, inside, :margin].transpose(0, 2, 1),
        images[:, inside, -margin:].transpose(0, 2, 1),
    )
    means, spreads = [], []
    for strip in strips:
        starts = np.arange(0, strip.shape[2], margin)
        pixels = margin * np.diff(starts, append=strip.shape[2])
        greys = strip.astype(np.float64)
        mean = np.add.reduceat(greys.sum(axis=1), starts, axis=1) / pixels
        square = np.add.reduceat((greys**2).sum(axis=1), starts, axis=1) / pixels
        means.append(mean)
        # Rounding may leave a tiny negative variance where a block is all one grey.
        spreads.append(np.sqrt(np.maximum(square - mean**2, 0)))
    return np.concatenate([*means, *spreads], axis=1)
