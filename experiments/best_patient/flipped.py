"""Does the mean of a scan's answer and its mirror image's find more? Validation scans decide.

    python -m experiments.best_patient.flipped RUN [RUN ...]

RUN is a run folder of `experiment=best_patient` with its checkpoints, or a folder that holds some.
Of each fold the validation scans are answered as they are and with the mirror image, as `predict
tta=flip` does. Where the balanced accuracy of that fold's validation scans rises, its test scans
are answered with the mirror image, too; elsewhere nobody looks. Writes `flipped.csv.gz` beside this
file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared  # noqa: E402
from brain_tumor.errors import BrainTumorError  # noqa: E402
from brain_tumor.models.network import Network  # noqa: E402
from brain_tumor.runs.finished import FinishedRun, find_folders, read_run  # noqa: E402
from brain_tumor.runs.folder import RunFolder  # noqa: E402
from brain_tumor.runs.results.run import RUN  # noqa: E402
from brain_tumor.trained.network import open_trained  # noqa: E402
from experiments.kept_table import Line, write_table  # noqa: E402

FLIPPED = Path(__file__).with_name("flipped.csv.gz")
FLIPPED_SEED = 0  # of the runs that it was asked of
PLAIN, MIRROR = "as it is", "with its mirror image"
BATCH = 32


@torch.no_grad()
def answers(network: Network, scans: Tensor) -> dict[str, Tensor]:
    """Give the class numbers that a network answers, `(N,)`, int64, in both ways.

    Args:
        network: In evaluation mode.
        scans: `(N, 1, H, W)`, uint8.
    """
    both = [network(own).log_softmax(dim=1) for own in (scans, scans.flip(-1))]
    return {PLAIN: both[0].argmax(dim=1), MIRROR: (both[0] + both[1]).argmax(dim=1)}


def answered(
    run: FinishedRun, part: str, network: Network, prepared: PreparedSet
) -> Iterator[Line]:
    """Answer the scans of one part of a run, a row for each."""
    assert run.groups is not None, run.folder
    row_of = {scan.path: row for row, scan in enumerate(prepared.kept)}
    own = run.predictions[part]
    for start in range(0, len(own.paths), BATCH):
        chosen = slice(start, start + BATCH)
        rows = [row_of[path] for path in own.paths[chosen]]
        found = answers(network, torch.from_numpy(prepared.images[rows]).unsqueeze(1))
        for number, path in enumerate(own.paths[chosen]):
            about = {"path": path, "label": own.labels[start + number], "group": run.groups[path]}
            about |= {"fold": str(run.fold), "part": part}
            said = {way: run.classes[int(given[number])] for way, given in found.items()}
            yield about | said


def balanced_accuracy(lines: list[Line], way: str) -> float:
    """Give the mean recall of one way's answers."""
    labels = {line["label"] for line in lines}
    rights = {
        name: [line[way] == name for line in lines if line["label"] == name] for name in labels
    }
    return float(np.mean([np.mean(right) for right in rights.values()]))


def main(places: list[str]) -> None:
    """Answer all validation scans, and the test scans of folds that gain by the mirror image."""
    lines: list[Line] = []
    for run in sorted(map(read_run, find_folders(places, "run.json", "run")), key=_fold):
        network = open_trained(run.folder).network
        prepared = open_prepared(Path(RUN.read(RunFolder(run.folder)).data.prepared))
        own = list(answered(run, "validation", network, prepared))
        gain = balanced_accuracy(own, MIRROR) - balanced_accuracy(own, PLAIN)
        print(f"fold {run.fold}: {gain:+.4f} on validation scans", flush=True)
        lines += own
        if gain > 0:
            lines += answered(run, "test", network, prepared)
    write_table(FLIPPED, lines)


def _fold(run: FinishedRun) -> int:
    return -1 if run.fold is None else run.fold


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    try:
        main(sys.argv[1:])
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
