"""`run=last`: the newest finished run, where a command takes a run."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder

LAST = "last"
RUNS = Path("runs")  # where training puts them unless it is told otherwise

# The key that takes a run or several, by command.
TAKES_RUN = {
    **dict.fromkeys(("evaluate", "predict", "export", "app"), "run"),
    **dict.fromkeys(("compare", "audit"), "runs"),
}


def fill_last(command: str, config: DictConfig) -> None:
    """Put the newest finished run in the place of `last`, and say which it is.

    A folder of that name is meant by `./last`.
    """
    key = TAKES_RUN.get(command)
    if key is None or OmegaConf.is_missing(config, key):
        return
    runs = config[key]
    several = OmegaConf.is_list(runs)
    names = list(runs) if several else [runs]
    if LAST not in names:
        return
    newest = str(newest_finished(RUNS))
    print(f"{key}={LAST} is {newest}")
    names = [newest if name == LAST else name for name in names]
    OmegaConf.update(config, key, names if several else newest)


def newest_finished(runs: Path) -> Path:
    """Find the run, at any depth, that was begun last of those that came to their end."""
    begun = []
    for file in sorted(runs.rglob("run.json")):
        try:
            record = RunFolder(file.parent).read_json(file.name)
        except DataError:  # another one may be whole
            continue
        if record.get("status") == "finished":
            begun.append((str(record.get("started")), str(file.parent), file.parent))
    if not begun:
        raise DataError(
            f"There is no finished run below {runs}/ for {LAST} to mean: give the folder that "
            "training printed, or train one."
        )
    return max(begun)[2]
