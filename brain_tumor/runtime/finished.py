"""A finished run, as far as a comparison needs it: found, read and checked."""

import glob
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import ListConfig, OmegaConf

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runtime.run_folder import RunFolder

# Runs that differ in these alone are one setting: where things lie, and what does not reach the
# numbers. The fingerprint in run.json tells the scans and the patient table by their content.
NOT_THE_SETTING = (
    *("seed", "split.seed", "split.fold"),
    *("run_folder", "runs", "logger", "keep_freed_memory"),
    *("data.source", "data.root", "data.kaggle", "data.patients", "data.prepared"),
    "data.num_workers",
)


@dataclass(frozen=True)
class FinishedRun:
    """What a comparison needs of a run folder.

    Attributes:
        folder: Where it lies.
        setting: Its configured values by dotted key, without `NOT_THE_SETTING`, paths inside the
            run folder and what is null; and `data.fingerprint`.
        fold: `split.fold`; None where the split has none.
        seed: `seed`.
        split_seed: `split.seed`; None where the split has none.
        classes: Class names in the order of the logits.
        test: Class and predicted class of each test scan, by path.
        groups: Group of each scan of any part, by path; None where `split.csv` has no groups.
    """

    folder: Path
    setting: dict[str, Any]
    fold: int | None
    seed: int
    split_seed: int | None
    classes: tuple[str, ...]
    test: dict[str, tuple[str, str]]
    groups: dict[str, str] | None

    @property
    def seeds(self) -> tuple[int, int]:
        """Both seeds, -1 for none; runs that share them are folds of one pass over the scans."""
        return self.seed, -1 if self.split_seed is None else self.split_seed


def listed(value: Any, key: str) -> list[str]:
    """Give a configured list of folders; one folder alone counts as a list of one.

    Raises:
        ConfigError: It is neither.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, ListConfig):
        raise ConfigError(f'{key} must be a list of folders, "{key}=[FOLDER,...]": {value!r}')
    return [str(entry) for entry in value]


def find_folders(given: Iterable[str], marker: str, kind: str) -> list[Path]:
    """Find the folders that hold a file, at or below each given folder or glob.

    Args:
        given: Folders, globs, or such files themselves; a folder found twice counts once.
        marker: Name of the file.
        kind: What such a folder is called in the message.

    Raises:
        DataError: One of the given leads to none.
    """
    found: dict[Path, Path] = {}
    for entry in given:
        path = Path(entry).expanduser()
        matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 (Path.glob: no absolute ones)
        places = [path] if path.exists() else [Path(match) for match in sorted(matches)]
        if not places:
            raise DataError(
                f"{path} does not exist, and matches nothing: give {kind} folders, or folders that "
                "hold some."
            )
        files = [file for place in places for file in _marked(place, marker)]
        if not files:
            raise DataError(
                f"There is no {kind} in {path} (nothing there is named {marker}): give {kind} "
                "folders, or folders that hold some."
            )
        for file in files:
            found.setdefault(file.parent.resolve(), file.parent)
    return list(found.values())


def _marked(place: Path, marker: str) -> list[Path]:
    if place.is_dir():
        return sorted(place.rglob(marker))
    return [place] if place.name == marker else []


def read_run(folder: Path) -> FinishedRun:
    """Read a run folder.

    Raises:
        DataError: The run is not finished, has no test part, or is incomplete or damaged.
    """
    run = RunFolder(folder)
    record = run.read_json("run.json")
    if record.get("status") != "finished":
        raise DataError(
            f"The run {folder} is not finished (its status is {record.get('status')}): leave it "
            "out, or train it again."
        )
    config = flatten(OmegaConf.to_container(run.read_config()))
    try:
        rows, members = run.read_rows("predictions.csv"), run.read_rows("split.csv")
        config["data.fingerprint"] = record["data"]["fingerprint"]
        found = FinishedRun(
            folder,
            _setting(config),
            _whole(config.get("split.fold")),
            int(config["seed"]),
            _whole(config.get("split.seed")),
            tuple(key.removeprefix("logit_") for key in rows[0] if key.startswith("logit_")),
            {row["path"]: (row["label"], row["predicted"]) for row in rows if _tested(row)},
            _groups(members),
        )
        needed = {"model.name", "split.name", *(["split.folds"] if found.fold is not None else [])}
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise _damaged(folder) from error
    if not found.test:
        raise DataError(f"The run {folder} predicted no test part: leave it out.")
    named = {name for pair in found.test.values() for name in pair}
    split = {row["path"] for row in members if _tested(row)}
    # A scan that stands twice among the predictions would be lost here unnoticed.
    once = len(found.test) == sum(map(_tested, rows))
    described = needed <= found.setting.keys() and named <= set(found.classes)
    if not (described and once and split == found.test.keys()):
        raise _damaged(folder)
    return found


def flatten(node: Any, prefix: str = "") -> dict[str, Any]:
    """Name every value of nested mappings by its dotted key; lists are values.

    Example:
        >>> flatten({"model": {"name": "gbmnet"}, "seed": 0})
        {'model.name': 'gbmnet', 'seed': 0}
    """
    if not isinstance(node, Mapping):
        return {prefix: node}
    flat: dict[str, Any] = {}
    for key, value in node.items():
        flat |= flatten(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _setting(config: Mapping[str, Any]) -> dict[str, Any]:
    home = f"{config['run_folder']}/"

    def counts(key: str, value: Any) -> bool:
        if value is None or any(f"{key}.".startswith(f"{name}.") for name in NOT_THE_SETTING):
            return False
        return not (isinstance(value, str) and value.startswith(home))

    return {key: value for key, value in config.items() if counts(key, value)}


def _groups(members: list[dict[str, str]]) -> dict[str, str] | None:
    if "group" not in members[0]:  # written before split.csv had groups
        return None
    return {row["path"]: row["group"] for row in members}


def _tested(row: Mapping[str, str]) -> bool:
    return row["part"] == "test"


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _damaged(folder: Path) -> DataError:
    return DataError(
        f"config.yaml, run.json, split.csv and predictions.csv in {folder} are incomplete or do "
        "not fit together: take the whole folder that training left, or train again."
    )
