"""Features of a scan that do not show the brain, and a classifier on them."""

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from brain_tumor.metrics.leakage import Rows
from brain_tumor.metrics.uncertainty.bootstrap import Labels

Features = npt.NDArray[np.float64]
Images = npt.NDArray[np.uint8]

PERCENTILES = (5, 25, 50, 75, 95)
BLOCK = 256  # scans in memory at once: 16 MiB of 256 x 256


def geometry_features(widths: Labels, heights: Labels) -> Features:
    """Compute width, height and width / height of raw scans.

    Args:
        widths: Pixels, `(N,)`, int64, at least 1.
        heights: Likewise.

    Returns:
        `(N, 3)`, float64.

    Example:
        >>> geometry_features(np.array([512, 200]), np.array([512, 250])).tolist()
        [[512.0, 512.0, 1.0], [200.0, 250.0, 0.8]]
    """
    return np.column_stack([widths, heights, widths / heights]).astype(np.float64)


def file_features(widths: Labels, heights: Labels, sizes_in_bytes: Labels) -> Features:
    """Compute width, height, width / height, bytes and bytes per pixel of raw files.

    Args:
        widths: Pixels, `(N,)`, int64, at least 1.
        heights: Likewise.
        sizes_in_bytes: Lengths of the files, `(N,)`, int64.

    Returns:
        `(N, 5)`, float64.
    """
    per_pixel = sizes_in_bytes / (widths * heights)
    return np.column_stack([geometry_features(widths, heights), sizes_in_bytes, per_pixel])


def intensity_features(images: Images) -> Features:
    """Compute statistics of each scan's grey values, and its sharpness.

    Args:
        images: `(N, H, W)`, uint8, 0-255; may be memory-mapped.

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
        images: `(N, H, W)`, uint8, 0-255, N at least 1, more than `2 * margin` pixels each way; may
            be memory-mapped.
        margin: Width of the frame in pixels, at least 1.

    Returns:
        `(N, 2 * blocks)`, float64: all means, then all standard deviations; 248 numbers for
        256 x 256 pixels and a margin of 8.

    Raises:
        ValueError: The frame leaves nothing inside.
    """
    if not 0 < 2 * margin < min(images.shape[1:]):
        raise ValueError(f"a frame of {margin} pixels does not fit into {images.shape[1:]}")
    return np.concatenate(
        [
            _border_block(images[start : start + BLOCK], margin)
            for start in range(0, len(images), BLOCK)
        ]
    )


def predict_by_boosting(features: Features, targets: Labels, train: Rows, test: Rows) -> Labels:
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


def _border_block(images: Images, margin: int) -> Features:
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
