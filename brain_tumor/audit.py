"""`python -m brain_tumor.audit data.root=FOLDER`: what is wrong with a data set."""

from omegaconf import DictConfig

from brain_tumor.runtime.command import command


@command("audit")
def main(config: DictConfig) -> None:
    """Look for copies, leakage and shortcuts in the configured scans."""
    if config.keep_freed_memory:
        from brain_tumor.runtime.allocator import keep_freed_memory

        keep_freed_memory()  # before torch allocates anything
    from brain_tumor.runtime.auditing import audit

    audit(config)


if __name__ == "__main__":
    main()
