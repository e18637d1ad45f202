"""`python -m brain_tumor.app run=RUN`: a page on this machine to try a trained network."""

from omegaconf import DictConfig

from brain_tumor.runtime.command import command


@command("app")
def main(config: DictConfig) -> None:
    """Serve the page until Ctrl-C; nothing of what is shown to it is kept."""
    from brain_tumor.runtime.serving.serving import serve

    serve(config)


if __name__ == "__main__":
    main()
