"""Score kept runs again where scans were found to belong together that did not before.

    python experiments/regroup.py PREPARED RUN [RUN ...]

PREPARED is the folder of the prepared set of today, whose scans are those that the runs saw: the
same files, cropped alike. `RUN` is a kept run, a folder that holds some, or a glob. What a run
predicted stays as it is. Written anew are the groups in its split, all that is counted over groups
in metrics.json (intervals, scores by patient, what the test part shares with training), and the
fingerprint of the data in run.json; the fingerprint of then is kept as `trained_on`.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from brain_tumor.config.arguments import parse_settings
from brain_tumor.data.groups.lookalikes import Lookalikes, find_lookalikes
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.data.split import TEST, TRAIN, VALIDATION
from brain_tumor.errors import DataError
from brain_tumor.evaluate.checkpoint import calibrated_parts, choose_on_validation
from brain_tumor.evaluate.leakage_record import measure_overlap
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.runs.finished import find_folders
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN
from brain_tumor.runs.results.scores import PartScores
from experiments.keep import write_json
from experiments.kept_table import write_table


def regroup(folder: Path, prepared: PreparedSet, lookalikes: Lookalikes) -> None:
    """Score one kept run again.

    Raises:
        DataError: The run names a scan that the prepared set does not keep.
    """
    run = RunFolder(folder)
    config = run.read_config()
    scoring = parse_settings(ScoringSettings, config.evaluation, "evaluation")
    places = {row.path: row.row for row in prepared.manifest if row.row is not None}
    members = run.read_rows("split.csv")
    missing = [row["path"] for row in members if row["path"] not in places]
    if missing:
        raise DataError(f"{folder} names {missing[0]}, which {prepared.folder} does not keep.")
    rows = np.array([places[row["path"]] for row in members], np.int64)
    for row, group in zip(members, prepared.groups[rows].tolist(), strict=True):
        row["group"] = group
    parts = {
        part: np.sort(rows[[row["part"] == part for row in members]])
        for part in (TRAIN, VALIDATION, TEST)
    }
    metrics, record = METRICS.read(run), RUN.read(run)
    metrics = replace(
        metrics,
        parts={**metrics.parts, **_scored(run, prepared, scoring)},
        leakage=measure_overlap(
            prepared.kept,
            prepared.labels,
            prepared.classes,
            np.sort(np.concatenate([parts[TRAIN], parts[VALIDATION]])),
            parts[TEST],
            lookalikes,
        ),
    )
    data = record.data
    if data.fingerprint != prepared.fingerprint:
        trained_on = data.trained_on or data.fingerprint
        data = replace(data, fingerprint=prepared.fingerprint, trained_on=trained_on)
    write_json(folder / METRICS.name, METRICS.to_plain(metrics))
    write_json(folder / RUN.name, RUN.to_plain(replace(record, data=data)))
    write_table(folder / "split.csv.gz", members)


def _scored(
    run: RunFolder, prepared: PreparedSet, scoring: ScoringSettings
) -> dict[str, PartScores]:
    """Score the parts of which predictions were kept: a fold's training scans were not."""
    lines = run.read_rows("predictions.csv")
    places = {row.path: row.row for row in prepared.manifest if row.row is not None}
    names = [f"logit_{label}" for label in prepared.classes]
    predictions = {}
    for part in (TRAIN, VALIDATION, TEST):
        own = [line for line in lines if line["part"] == part]
        if own:
            rows = np.array([places[line["path"]] for line in own], np.int64)
            logits = np.array([[float(line[name]) for name in names] for line in own])
            labels = prepared.labels[rows]
            predictions[part] = Predictions(
                rows, labels, logits, np.zeros((len(own), 0), np.float32)
            )
    chosen = choose_on_validation(predictions.get(VALIDATION), prepared.classes, scoring)
    return calibrated_parts(prepared, predictions, chosen, scoring)


def main(folder: str, *runs: str) -> None:
    """Score every kept run again."""
    prepared = open_prepared(Path(folder))
    lookalikes = find_lookalikes(prepared)
    for found in find_folders(runs, "run.json", "run"):
        regroup(found, prepared, lookalikes)
        print(found, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
