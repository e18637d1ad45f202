"""`python -m brain_tumor.doctor`: would a training run on this machine?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brain_tumor.doctor.examining import examine, examine_without_hydra
from brain_tumor.doctor.finding import Mark

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main() -> None:
    """Look for what keeps the configured training from running here; exit with 1 if something is.

    Everything that another command takes for granted, Hydra among it, may be what is broken.
    """
    try:
        from brain_tumor.cli.command import command
    except Exception as error:
        examine_without_hydra(error)
        raise SystemExit(1) from None
    command("doctor")(_examined)()


def _examined(config: DictConfig) -> None:
    if examine(config)[Mark.BROKEN]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
