"""A script that is called with one path, and ends in a sentence if it fails."""

import sys
from collections.abc import Callable

from brain_tumor.errors import BrainTumorError


def run_with_path(main: Callable[[str], object], usage: str | None) -> None:
    """Call what a script does with the one word that was typed behind it.

    Args:
        main: Takes the path: of weights as for `model.weights`, or of what it writes.
        usage: What is shown where there is no word, or more than one: the script's docstring.
    """
    if len(sys.argv) != 2:
        raise SystemExit(usage)
    try:
        main(sys.argv[1])
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
