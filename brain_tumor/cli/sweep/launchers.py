"""What chooses and runs the jobs of a sweep, where that is not Hydra alone in this process."""

from collections.abc import Sequence
from importlib.util import find_spec

from brain_tumor.errors import ConfigError

# Choice of hydra/launcher -> the module it needs, and our extra that brings it.
NEEDS = {
    "joblib": ("hydra_joblib_launcher", "sweep"),
    "slurm": ("hydra_submitit_launcher", "slurm"),
    "submitit_slurm": ("hydra_submitit_launcher", "slurm"),
    "submitit_local": ("hydra_submitit_launcher", "slurm"),
}


def check_launcher(words: Sequence[str]) -> None:
    """Refuse a launcher that is not installed, before Hydra says that it knows no such thing.

    A sweeper that waits for a score of each job is refused, too: `tune` has that to itself.
    """
    for word in words:
        key, _, choice = word.partition("=")
        if key == "hydra/sweeper" and choice != "basic":
            raise ConfigError(
                f"{word} is not used here: python -m brain_tumor.tune searches hyperparameters by "
                "validation scores."
            )
        if key != "hydra/launcher" or choice not in NEEDS:
            continue
        module, extra = NEEDS[choice]
        if find_spec("hydra_plugins") is None or find_spec(f"hydra_plugins.{module}") is None:
            raise ConfigError(
                f"hydra/launcher={choice} needs another package: pip install 'brain-tumor[{extra}]'"
            )
