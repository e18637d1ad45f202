"""`python -m brain_tumor.app run=RUN`: a page on this machine to try a trained network."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("app")
def main(config: DictConfig) -> None:
    """Serve the page until Ctrl-C; nothing of what is shown to it is kept."""
    from brain_tumor.app.serve import serve

    serve(config)


if __name__ == "__main__":
    main()
