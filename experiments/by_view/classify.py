"""Tell the view of every kept scan: axial, coronal or sagittal.

    python -m experiments.by_view.classify WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

A logistic regression on the features of the transfer model's frozen layers
(`experiments/frozen_features.py`), trained on the scans that `judged.csv` has for training. Writes
`views.csv.gz` beside this file: path, class, group, what the regression says of each scan, and its
view, which is the judged one where the scan was judged.
"""

from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brain_tumor.data.split import TEST, TRAIN
from brain_tumor.metrics.arrays import Values
from experiments.frozen_features import frozen_features
from experiments.kept_table import read_table, write_table
from experiments.with_path import run_with_path

HERE = Path(__file__).parent
JUDGED, FOUND = HERE / "judged.csv", HERE / "views.csv.gz"
HEALTHY = "healthy"  # in the column `part`
VIEWS = ("axial", "coronal", "sagittal")


def judged(*parts: str) -> dict[str, str]:
    """Read the views that were judged by eye, by path; one may be unclear.

    Args:
        parts: `train`, `test`, and `healthy` for the healthy scans that the regression does not
            call axial, which were all looked at.
    """
    lines = [line for line in read_table(JUDGED) if line["part"] in parts]
    return {line["path"]: line["view"] for line in lines}


def classified_views(features: Values, examples: list[int], views: list[str]) -> list[str]:
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
    prepared, by_eye = found.prepared, judged(TRAIN, TEST, HEALTHY)
    rows = {scan.path: row for row, scan in enumerate(prepared.kept)}
    clear = {path: view for path, view in judged(TRAIN).items() if view in VIEWS}
    examples = [rows[path] for path in clear]
    views = classified_views(found.plain.numpy(), examples, [*clear.values()])
    write_table(
        FOUND,
        [
            {"path": scan.path, "label": scan.label, "group": group, "classified": view}
            | {"view": by_eye.get(scan.path, view)}
            for scan, group, view in zip(prepared.kept, prepared.groups, views, strict=True)
        ],
    )


if __name__ == "__main__":
    run_with_path(main, __doc__)
