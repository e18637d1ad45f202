"""`python -m brain_tumor.predict run=RUN input=SCANS`: new scans -> probabilities."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("predict")
def main(config: DictConfig) -> None:
    """Predict new scans; exit with 1 where some of the files could not be used."""
    from brain_tumor.predict.predict import predict

    if predict(config).unusable:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
