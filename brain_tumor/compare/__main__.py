"""`python -m brain_tumor.compare "runs=[FOLDER,...]"`: finished runs side by side, folds pooled."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("compare")
def main(config: DictConfig) -> None:
    """Lay finished runs, or audits, side by side."""
    from brain_tumor.compare.compare import compare

    compare(config)


if __name__ == "__main__":
    main()
