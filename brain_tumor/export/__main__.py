"""`python -m brain_tumor.export run=FOLDER`: a run -> one file that other programs run."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("export")
def main(config: DictConfig) -> None:
    """Write a run's network as an ONNX or .pt2 file that agrees with its checkpoint."""
    from brain_tumor.export.export import export

    export(config)


if __name__ == "__main__":
    main()
