"""`python -m brain_tumor.audit data.root=FOLDER`: what is wrong with a data set."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("audit")
def main(config: DictConfig) -> None:
    """Look for copies, leakage and shortcuts in the configured scans."""
    from brain_tumor.audit.audit import audit

    audit(config)


if __name__ == "__main__":
    main()
