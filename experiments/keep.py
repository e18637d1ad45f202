"""Keep what finished runs say, small enough for a repository, for `compare` and `results.py`.

    python experiments/keep.py experiments/NAME/runs RUN [RUN ...]

`RUN` is a run folder, a folder that holds some (a sweep), or a glob. Of each, the configuration,
`run.json`, the scores, the curves and the split are kept, and what it predicted for each scan, as
logits. The two tables of scans are compressed; a fold's training scans are left out, which no table
is about. Paths of the machine are left out: the run's own folder is called RUN, and of any other
path its last name stays.
"""

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.compare.page.differences import differing_keys
from brain_tumor.errors import BrainTumorError, DataError
from brain_tumor.runs.finished import FinishedRun, find_folders, read_run
from brain_tumor.runs.folder import RunFolder
from experiments.kept_table import write_table

JSON = (
    *("run.json", "metrics.json", "complexity.json"),
    *("robustness_validation.json", "robustness_test.json"),
)
LONGEST = 120  # letters of a folder's name; file systems take 255 bytes
# A path that does not begin at the working folder, and what may stand before it inside a value.
_AWAY = re.compile(r"(?:(?<=^)|(?<=[=,\[\s'\"]))(?:\w+://|~|/|\.\./)[^,\]'\"]*")


def keep(into: Path, provided: Sequence[str]) -> list[Path]:
    """Keep runs.

    Args:
        into: Folder that gets a folder for each run.
        provided: Run folders, folders that hold some, or globs.

    Returns:
        The folders made.

    Raises:
        DataError: A run is not finished, or one is kept under its name already.
    """
    runs = [read_run(folder) for folder in find_folders(provided, "run.json", "run")]
    places = [into / name for name in names(runs)]
    for place in places:
        if place.exists():
            raise DataError(f"{place} is there already: remove it first, or name another folder.")
    for run, place in zip(runs, places, strict=True):
        _keep(run, place)
    return places


def names(runs: Sequence[FinishedRun]) -> list[str]:
    """Name each run by experiment, network, split, fold and seed, and by values that tell it apart.

    Raises:
        DataError: They do not, or not in a name that a folder can have.
    """
    plain = [_name(run, []) for run in runs]
    found = []
    for run, name in zip(runs, plain, strict=True):
        like = [other for other, its in zip(runs, plain, strict=True) if its == name]
        message = differing_keys([other.setting for other in like])[like.index(run)]
        values = [f"{key.rpartition('.')[2]}{value}" for key, value in message.items()]
        found.append(_name(run, values))
    if len(set(found)) < len(found) or max(map(len, found)) > LONGEST:
        raise DataError(
            "Two of these runs are the same, or differ in more than a name can tell: leave one "
            "out, or train them as experiments of their own (name=...)."
        )
    return found


def _name(run: FinishedRun, message: Sequence[str]) -> str:
    own = run.setting
    words = [str(own["name"]), own["model.name"], own["split.name"], *message]
    words += [] if run.fold is None else [f"fold{run.fold}"]
    return re.sub(r"[^\w.-]+", "_", "-".join([*words, f"seed{run.seed}"]))


def _keep(run: FinishedRun, place: Path) -> None:
    source = RunFolder(run.folder)
    place.mkdir(parents=True)
    own = str(source.read_config().run_folder)
    config = OmegaConf.to_container(source.read_config())
    RunFolder(place).write_config(OmegaConf.create(without_paths(config, own)))
    if (run.folder / "metrics.csv").exists():
        shutil.copy(run.folder / "metrics.csv", place / "metrics.csv")
    for name in JSON:
        if (run.folder / name).exists():
            write_json(place / name, without_paths(source.read_json(name), own))
    parts = {row["part"] for row in source.read_rows("predictions.csv")}
    kept = parts - ({"train"} if run.fold is not None else set())
    for name in ("predictions.csv", "split.csv"):
        rows = source.read_rows(name)
        columns = [key for key in rows[0] if not key.startswith("probability_")]
        own_rows = [row for row in rows if name == "split.csv" or row["part"] in kept]
        write_table(place / f"{name}.gz", own_rows, columns)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of a kept run."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def without_paths(content: Any, run_folder: str) -> Any:
    r"""Leave out where things lie on a machine.

    Args:
        content: Plain values: mappings, lists, texts, numbers.
        run_folder: The run's own folder, which becomes RUN.

    Example:
        >>> without_paths({"root": "/home/ann b/scans", "lr": 0.1}, "/r/1")
        {'root': 'scans', 'lr': 0.1}
        >>> without_paths(["model.weights=../nets/net.pth"], "/r/1")
        ['model.weights=net.pth']
        >>> without_paths(["/r/1/best.ckpt", "/r/10/a", "data.root=/a/b", "1/2"], "/r/1")
        ['RUN/best.ckpt', 'a', 'data.root=b', '1/2']
    """
    if isinstance(content, Mapping):
        return {key: without_paths(value, run_folder) for key, value in content.items()}
    if isinstance(content, list):
        return [without_paths(value, run_folder) for value in content]
    if not isinstance(content, str):
        return content

    def last(found: re.Match[str]) -> str:
        path = PurePosixPath(found[0])
        if path.is_relative_to(run_folder):
            return str("RUN" / path.relative_to(run_folder))
        return path.name

    return _AWAY.sub(last, content)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    try:
        for folder in keep(Path(sys.argv[1]), sys.argv[2:]):
            print(f"kept: {folder}")
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
