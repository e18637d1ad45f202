"""A script that is called with the weights of a network, and ends in a sentence if it fails."""

import sys
from collections.abc import Callable

from brain_tumor.errors import BrainTumorError


def run_with_weights(main: Callable[[str], object], usage: str | None) -> None:
    """Call what a script does with the one word that was typed behind it.

    Args:
        main: Takes a file as for `model.weights`.
        usage: What is shown where there is no such word, or more: the script's docstring.
    """
    if len(sys.argv) != 2:
        raise SystemExit(usage)
    try:
        main(sys.argv[1])
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
