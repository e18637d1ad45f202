"""`python -m brain_tumor.prepare data.root=FOLDER`: raw scans -> prepared set."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from brain_tumor.callable_package import CallablePackage
from brain_tumor.cli.command import command

if TYPE_CHECKING:
    from brain_tumor.data.prepared.prepared_set import PreparedSet

CallablePackage.make(__name__)


def prepare(config: DictConfig) -> "PreparedSet":
    """Crop and dedupe the configured scans, split them, and print what came of it."""
    # Imported here, as in the other commands, so that --help need not wait for what computes.
    from rich.console import Console

    from brain_tumor.config.data import build_prepared, build_split, split_settings
    from brain_tumor.config.data_settings import data_settings
    from brain_tumor.config.values import check_values
    from brain_tumor.rendering.tables import (
        patients_sentence,
        prepared_table,
        split_table,
        unusable_note,
    )
    from brain_tumor.rendering.terminal import to_rich

    check_values(config, "prepare")
    settings = split_settings(config.split)
    console = Console(highlight=False, markup=False)  # a path may hold [brackets]
    data = data_settings(config.data)
    prepared = build_prepared(data, lambda line: console.print(line, soft_wrap=True))
    split = build_split(prepared, settings)
    console.print(to_rich(prepared_table(prepared.summary), console.width))
    console.print(
        to_rich(split_table(split.class_counts(prepared.labels, prepared.classes)), console.width)
    )
    if known := patients_sentence(prepared.patients.tolist()):
        console.print(known)
    if prepared.unusable:
        console.print(unusable_note([(row.path, row.reason) for row in prepared.unusable]))
    console.print(f"prepared set: {prepared.folder}", soft_wrap=True)
    return prepared


@command("prepare")
def main(config: DictConfig) -> None:
    """Prepare the configured scans."""
    prepare(config)


if __name__ == "__main__":
    main()
