"""Tell the view of every kept scan: axial, coronal or sagittal.

    python -m experiments.by_view.classify WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

A logistic regression on the features of the transfer model's frozen layers
(`experiments/frozen_features.py`), trained on the scans that `judged.csv` has for training. Writes
`views.csv.gz` beside this file: path, class, group and view of each scan.
"""

import csv
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brain_tumor.data.split import TRAIN
from brain_tumor.metrics.uncertainty.bootstrap import Values
from experiments.frozen_features import frozen_features
from experiments.kept_table import write_table
from experiments.with_weights import run_with_weights

HERE = Path(__file__).parent
JUDGED, FOUND = HERE / "judged.csv", HERE / "views.csv.gz"
VIEWS = ("axial", "coronal", "sagittal")


def judged(part: str) -> dict[str, str]:
    """Read the views that were judged by eye, by path; scans of an unclear view are left out."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["part"] == part]
    return {line["path"]: line["view"] for line in lines if line["view"] in VIEWS}


def predicted_views(features: Values, examples: list[int], views: list[str]) -> list[str]:
    """Train on some scans, and give the view of all.

    Args:
        features: Of all scans, `(N, K)`, float32.
        examples: Rows of those to train on.
        views: Their views.
    """
    # A penalty of scikit-learn's default strength: nothing was tried and chosen.
    network = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    network.fit(features[examples], views)
    return [str(view) for view in network.predict(features)]


def main(weights: str) -> None:
    """Classify all scans, and write their views."""
    found = frozen_features(weights, passes=0)
    prepared, known = found.prepared, judged(TRAIN)
    kept = prepared.kept
    rows = {scan.path: row for row, scan in enumerate(kept)}
    examples = [rows[path] for path in known]
    views = predicted_views(found.plain.numpy(), examples, [*known.values()])
    groups = prepared.groups
    write_table(
        FOUND,
        [
            {"path": scan.path, "label": scan.label, "group": group, "view": view}
            for scan, group, view in zip(kept, groups, views, strict=True)
        ],
    )
    names, counts = np.unique(views, return_counts=True)
    print(dict(zip(names.tolist(), counts.tolist(), strict=True)))


if __name__ == "__main__":
    run_with_weights(main, __doc__)
