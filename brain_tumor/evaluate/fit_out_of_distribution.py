"""Fit the out-of-distribution detector to a run's own scans, and say how many of them it flags."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import TEST, TRAIN, VALIDATION
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.metrics.outliers import fit_neighbours, fit_spread
from brain_tumor.metrics.picture_features import KINDS, picture_features
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.runs.results.metrics import FlaggedShares
from brain_tumor.trained.out_of_distribution import MAX_VALUES, OODDetector, write_ood_detector

Numbers = npt.NDArray[np.float64]

MAX_SCANS = 2000  # of the reference; with more, a file and a look take longer and find no more
# Of the held-out scans that each distance is to pass as known, so that 2 % in all are flagged at
# most. What a picture looks like tells more kinds than what a network of brain scans alone sees.
PICTURE_SHARE, SEEN_SHARE = 0.985, 0.995
LEAST_UNIT = 1e-3
FOLDS = 5  # of training scans, where there is no validation part


@dataclass(frozen=True)
class HeldOut:
    """Scans that say from which distance on a scan is flagged.

    `part` says of the training part also in how many folds.
    """

    part: str
    scans: int


@dataclass(frozen=True)
class FittedOOD(FlaggedShares):
    """The content of `ood.json`; `share_known` of the held-out scans pass each distance."""

    reference_scans: int
    held_out: HeldOut
    share_known: Mapping[str, float]


OOD = JsonFile("ood.json", FittedOOD)


def save_ood_detector(
    out: RunFolder, datamodule: ScanDataModule, predictions: Mapping[str, Predictions], seed: int
) -> FittedOOD | None:
    """Fit, and write `ood.npz` and `ood.json`, which are the same each time.

    The reference are up to 2,000 training scans. The validation part says from which distance on a
    scan is flagged: at most 2 % of its scans are. A split without one, such as `report`, has
    five folds of the reference take its place in turn, none of which shares a group (patient,
    slice, near-duplicates) with the rest; but the network has trained on these, so that somewhat
    more than 2 % of new scans may be flagged.

    Returns:
        None where the training scans are too few, a single group.
    """
    images, train = datamodule.prepared.images, predictions[TRAIN]
    most = min(MAX_SCANS, max(1, MAX_VALUES // train.features.shape[1]), len(train.rows))
    rng = np.random.default_rng(seed)
    places = np.sort(rng.permutation(len(train.rows))[:most])
    pictures = picture_features(images[train.rows[places]])
    features = train.features[places]
    asked = {part: predictions[part] for part in (VALIDATION, TEST) if part in predictions}
    described = {part: picture_features(images[found.rows]) for part, found in asked.items()}
    if VALIDATION in asked:
        detector = fit_ood_detector(
            pictures, features, described[VALIDATION], asked[VALIDATION].features
        )
        held_out = HeldOut(VALIDATION, len(asked[VALIDATION].rows))
    else:
        groups = datamodule.prepared.groups[train.rows[places]]
        if len(np.unique(groups)) < 2:
            return None
        detector = cross_fit_ood_detector(pictures, features, groups, rng)
        held_out = HeldOut(f"{TRAIN}, {FOLDS} folds", most)
    write_ood_detector(out, detector)
    scores = {
        part: detector.score_features(described[part], found.features)
        for part, found in asked.items()
    }
    fitted = FittedOOD(
        **vars(detector.flag(scores)),
        reference_scans=most,
        held_out=held_out,
        share_known={"picture": PICTURE_SHARE, "network": SEEN_SHARE},
    )
    OOD.write(out, fitted)
    return fitted


def fit_ood_detector(
    pictures: Numbers,
    features: npt.NDArray[np.float32],
    held_out_pictures: Numbers,
    held_out_features: npt.NDArray[np.float32],
) -> OODDetector:
    """Fit to reference scans, with units from held-out scans.

    `picture_features` are `(N, 242)`, what the network sees `(N, F)`, float32, finite.
    """
    spread, neighbours = fit_spread(pictures, KINDS), fit_neighbours(features)
    far, foreign = spread.score(held_out_pictures), neighbours.score(held_out_features)
    return OODDetector(spread, neighbours, *_units(far, foreign))


def cross_fit_ood_detector(
    pictures: Numbers,
    features: npt.NDArray[np.float32],
    groups: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> OODDetector:
    """Fit to reference scans of two groups at least, with units from each fold's own distances."""
    names, members = np.unique(groups, return_inverse=True)
    fold = (rng.permutation(len(names)) % FOLDS)[members]
    far, foreign = np.empty(len(groups)), np.empty(len(groups))
    for number in np.unique(fold):
        out = fold == number
        far[out] = fit_spread(pictures[~out], KINDS).score(pictures[out])
        foreign[out] = fit_neighbours(features[~out]).score(features[out])
    return OODDetector(fit_spread(pictures, KINDS), fit_neighbours(features), *_units(far, foreign))


def ood_sentence(found: FlaggedShares | None) -> str:
    """Say how many scans are flagged, for the terminal; None where the run has no detector."""
    if found is None:
        return (
            "out of distribution: not known, as the run has no detector; evaluate it on its own "
            "scans first"
        )
    shares = " and ".join(f"{share:.1%} of the {part}" for part, share in found.flagged.items())
    return f"out of distribution: {shares} scans".replace("%", " %")


def _units(far: Numbers, foreign: Numbers) -> tuple[float, float]:
    # The least of the distances that so large a share of them does not exceed.
    picture = float(np.quantile(far, PICTURE_SHARE, method="inverted_cdf"))
    network = float(np.quantile(foreign, SEEN_SHARE, method="inverted_cdf"))
    # Copies of reference scans have no distance, and nothing may be divided by it.
    return max(picture, LEAST_UNIT), max(network, LEAST_UNIT)
