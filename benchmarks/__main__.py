"""`python -m benchmarks data.root=FOLDER`: speed beside named peers."""

from omegaconf import DictConfig

from brain_tumor.cli.command import command


@command("benchmark")
def main(config: DictConfig) -> None:
    """Time our side and each peer in turns, and print and write the tables."""
    from benchmarks.benchmarking import benchmark

    benchmark(config)


if __name__ == "__main__":
    main()
