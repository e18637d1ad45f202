"""`python -m brain_tumor.benchmark data.root=FOLDER`: speed beside named peers."""

from omegaconf import DictConfig

from brain_tumor.runtime.command import command


@command("benchmark")
def main(config: DictConfig) -> None:
    """Time our side and each peer in turns, and print and write the tables."""
    from brain_tumor.runtime.benchmark.benchmarking import benchmark

    benchmark(config)


if __name__ == "__main__":
    main()
