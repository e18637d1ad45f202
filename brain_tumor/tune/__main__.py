"""`python -m brain_tumor.tune`: search hyperparameters by validation scores."""

import matplotlib
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from brain_tumor.cli.command import command
from brain_tumor.errors import ConfigError


@command("tune")
def main(config: DictConfig) -> None:
    """Try configured values of training, and write the best as an experiment."""
    try:
        import optuna  # noqa: F401 (is it there?)
    except ImportError as error:
        raise ConfigError("tune needs optuna: pip install 'brain-tumor[tune]'.") from error
    matplotlib.use("agg")  # optuna's charts are drawn for the screen where there is one
    from brain_tumor.tune.tune import tune

    if tune(config, HydraConfig.get().runtime.choices) is None:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
