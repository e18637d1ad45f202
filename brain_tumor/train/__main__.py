"""`python -m brain_tumor.train`: prepare, train and score a network."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("train")
def main(config: DictConfig) -> None:
    """Train the configured network on the configured scans, then score it."""
    from brain_tumor.train.sweep_job import train_here

    train_here(config)


if __name__ == "__main__":
    main()
