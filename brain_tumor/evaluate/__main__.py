"""`python -m brain_tumor.evaluate run=FOLDER`: a run's checkpoint -> predictions and scores."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("evaluate")
def main(config: DictConfig) -> None:
    """Score a checkpoint of a run, on its own split or on scans of another origin."""
    from brain_tumor.evaluate.evaluate import evaluate

    evaluate(config)


if __name__ == "__main__":
    main()
