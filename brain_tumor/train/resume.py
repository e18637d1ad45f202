"""Where a training begins: in a new folder, or in an old one after its last whole epoch."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import InterpolationResolutionError

from brain_tumor.cli.hydra_targets import texts
from brain_tumor.engine.ranks import rank
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runs.atomic_file import check_name, forget_halves
from brain_tumor.runs.checkpoints import newest_whole
from brain_tumor.runs.earlier_versions import upgrade
from brain_tumor.runs.folder import RunFolder, run_of_checkpoint
from brain_tumor.runs.history import read_history, trim_history
from brain_tumor.runs.identity import (
    FIXED_BY_CHECKPOINT,
    SAME_TRAINING,
    Role,
    flatten,
    keys_of,
    moved,
    within,
)
from brain_tumor.runs.provenance import provenance
from brain_tumor.runs.results.run import RUN, Resumed, RunRecord
from brain_tumor.runs.tensorboard_events import rewind_events
from brain_tumor.train.callbacks.resumable import CONFIG, STOPPED

# What writes files by its configuration, and those arguments that are folders or files; of another
# one, such as a logger's name or a file's, it takes a path that leads out of its folder.
WRITING = ("callbacks", "logger", "trainer")
PLACES = ("path", "dirpath", "save_dir", "root_dir", "default_root_dir", "exclude_batches_path")


@dataclass(frozen=True)
class Start:
    """Where a training begins: its folder, its configuration, the checkpoint that it goes on from.

    `epochs` are done, and a callback ended the training with the last of them if `stopped`.
    `earlier` is what `run.json` said as the last process left it; None in a new folder. `said` are
    sentences about what was found.
    """

    run: RunFolder
    config: DictConfig
    checkpoint: Path | None = None
    epochs: int = 0
    stopped: bool = False
    earlier: RunRecord | None = None
    said: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be done."""
        finished = self.earlier is not None and self.earlier.status == "finished"
        return finished and self.epochs >= self.config.trainer.max_epochs

    @property
    def seconds(self) -> float:
        """How long the epochs took that are done, as `metrics.csv` tells."""
        if self.earlier is None:
            return 0.0
        return sum(second or 0.0 for second in read_history(self._history).get("seconds", []))

    def resumed(self, record: RunRecord) -> RunRecord:
        """Add to a record what is known of this command line and of the processes before it."""
        before = self.earlier
        if before is None:
            typed = given_overrides()
            return replace(record, overrides=None if typed is None else tuple(typed))
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return replace(
            record,
            started=before.started,
            command=before.command,
            overrides=before.overrides,
            resumed=(*before.resumed, Resumed(self.epochs, at, record.command)),
        )

    @property
    def _history(self) -> Path:
        return self.run.path / "metrics.csv"

    def rewind(self, events: Sequence[Path]) -> None:
        """Bring curves, and folders of event files, to the last whole epoch: what is later goes."""
        try:
            trim_history(self._history, self.epochs)
            for folder in events:
                rewind_events(folder, read_history(self._history))
        except (KeyError, ValueError) as error:
            raise DataError(f"{self._history} is damaged: this run cannot be resumed.") from error


def find_start(config: DictConfig, held: ExitStack) -> Start:
    """Give the folder and the configuration that a training begins with; nothing is written.

    With `resume` the run in that folder goes on with its own configuration, and beside it the
    command line may hold only `allow_changes` and values that are changed with it. `held` takes the
    lock of a run that goes on; a new folder is locked once it is made. Of several processes the
    leader alone asks whether it may have the folder.
    """
    if config.get("resume") is None:
        run = RunFolder(_new_folder(config))
        check_name(run.path)
        if not rank(config):
            run.claim()
        return Start(run, config)
    run = RunFolder(Path(str(config.resume)).expanduser())
    check_name(run.path)
    if not (run.path / "config.yaml").is_file():
        found = run_of_checkpoint(run.path)
        meant = "give the folder of a run that was stopped" if found is None else "give its run"
        raise DataError(f"{run.path} is no run folder: {meant}, as resume={found or 'FOLDER'}")
    saved = _here(run.read_config(), run)
    if not rank(config):
        held.enter_context(run.locked())
        forget_halves(run.path)
    earlier = RUN.read(run)
    own = flatten(saved)
    changed = {
        key: (own.get(key), now)
        for key, now in _asked_changes(earlier.overrides).items()
        if own.get(key) != now
    }
    checkpoint, content, said = newest_whole(run.checkpoints)
    if content:
        trained = upgrade(OmegaConf.create(content.get(CONFIG, {})))
        if trained:
            changed |= _differences(_here(trained, run), saved)
    _check_changes(changed, run, bool(config.allow_changes))
    for key, (_, now) in changed.items():
        with open_dict(saved):
            OmegaConf.update(saved, key, now, force_add=True)
    _check_places(saved, run, given_overrides() or (), str(config.runs))
    epochs = int(content["epoch"]) + 1 if content else 0
    said.append(_what_goes_on(run, earlier, epochs))
    stopped = bool(content.get(STOPPED)) and not changed  # else what stopped it may be changed
    return Start(run, saved, checkpoint, epochs, stopped, earlier, said)


def _new_folder(config: DictConfig) -> Path:
    try:
        return Path(str(config.run_folder))
    except InterpolationResolutionError as error:
        raise ConfigError(
            "run_folder is not given, and no job of Hydra's has one: add run_folder=FOLDER, or "
            "call brain_tumor.train(...)"
        ) from error


def _check_places(saved: DictConfig, run: RunFolder, typed: Sequence[str], runs: str) -> None:
    # The folder may be somebody else's: what it configures must not write over files of ours.
    home = run.path.resolve()
    groups = cast(dict[str, Any], OmegaConf.to_container(saved))
    for key, value in (text for group in WRITING for text in texts(groups.get(group), group)):
        asked = any(word.lstrip("+") == f"{key}={value}" for word in typed)
        asked |= value in (f"sqlite:///{runs}/mlflow.db", f"{runs}/mlflow")  # conf/logger/mlflow
        if not asked and _leads_out(value, key.rpartition(".")[2] in PLACES, home):
            raise ConfigError(
                f"{run.path} cannot be resumed: {key} is {value!r}, which leads out of its "
                "folder. If "
                f"that is what you want, give it again as {key}={value}."
            )


def _leads_out(value: str, is_place: bool, home: Path) -> bool:
    path = Path(value)
    if value.startswith("~") or ".." in path.parts or "://" in value or "\0" in value:
        return True
    place = path.resolve()
    inside = place == home or home in place.parents
    return (is_place or path.is_absolute()) and not inside


def _what_goes_on(run: RunFolder, earlier: RunRecord, epochs: int) -> str:
    then = earlier.versions
    other = [
        f"{name} {then.get(name)} is now {version}"
        for name, version in provenance().versions.items()
        if then.get(name) != version
    ]
    bits = f" ({', '.join(other)}: bits may differ from a run without a stop)" if other else ""
    place = f"continues after epoch {epochs}" if epochs else "has no checkpoint and starts again"
    return f"{run.display_path} {place}{bits}."


def given_overrides() -> list[str] | None:
    """Give what train's command line changed in its configuration; None where none was typed."""
    if HydraConfig.initialized() and HydraConfig.get().job.config_name == "train":
        return list(HydraConfig.get().overrides.task)
    return None


def _asked_changes(before: Sequence[str] | None) -> dict[str, Any]:
    """Give what the command line that resumes changes in the one that began, by dotted key."""
    asking = (*keys_of((Role.REQUEST,)), "run_folder")
    provided = {_key(word): word for word in given_overrides() or () if _key(word) not in asking}
    if not provided:
        return {}
    if before is None:
        raise ConfigError(
            f"This run was not begun on the command line, so it resumes as it is: leave "
            f"{', '.join(provided.values())} out."
        )
    # Hydra takes the choice of a group once.
    kept = [word for word in before if _key(word) not in provided]
    try:
        begun, now = (
            hydra.compose("train", words) for words in ([*before], [*kept, *provided.values()])
        )
    except MissingConfigException as error:
        raise ConfigError(
            f"This run was begun with {error.missing_cfg_file}, which is not here: to change a "
            "value, give the folder that holds it once more, as --config-dir FOLDER."
        ) from error
    for composed in (begun, now):
        composed.run_folder = "unused"  # would be asked of Hydra, which knows another one
    return {key: value for key, (_, value) in _differences(begun, now).items()}


def _key(word: str) -> str:
    return word.lstrip("+").partition("=")[0]


def _differences(before: DictConfig, now: DictConfig) -> dict[str, tuple[Any, Any]]:
    first, second = flatten(before), flatten(now)
    left_out = (*keys_of((Role.REQUEST,)), "runs", "run_folder")
    return {
        key: (first.get(key), second.get(key))
        for key in sorted(first.keys() | second.keys())
        if first.get(key) != second.get(key) and not within(key, left_out)
    }


def _check_changes(changed: Mapping[str, tuple[Any, Any]], run: RunFolder, allowed: bool) -> None:
    def named(keys: Sequence[str]) -> str:
        return "; ".join(f"{key} was {changed[key][0]!r}, now {changed[key][1]!r}" for key in keys)

    free = keys_of(SAME_TRAINING)
    fixed = [key for key in changed if within(key, FIXED_BY_CHECKPOINT) and not within(key, free)]
    if fixed:
        raise ConfigError(
            f"{run.path} cannot be resumed with another configuration ({named(fixed)}): what was "
            "trained so far belongs to the first one. Leave it, or train a new run."
        )
    asked = [key for key in changed if not within(key, free)]
    if asked and not allowed:
        raise ConfigError(
            f"{run.path} was trained with another configuration ({named(asked)}): leave it as it "
            "was, or give allow_changes=true."
        )


def _here(config: DictConfig, run: RunFolder) -> DictConfig:
    """Let what lay in a run's folder lie in the folder where the run is now."""
    plain = OmegaConf.to_container(config)
    found: DictConfig = OmegaConf.create(moved(plain, str(config.get("run_folder")), str(run.path)))
    return found
