"""In a process of its own: which of Hydra's plug-ins does Hydra fail to load?"""

import io
import warnings
from contextlib import redirect_stderr
from typing import Any

from brain_tumor.doctor.child import answer, job


def look_at_plugins() -> dict[str, Any]:
    """Let Hydra look for plug-ins as it does at every start, and keep what it complains of."""
    from hydra.core.plugins import Plugins

    with warnings.catch_warnings(record=True) as said, redirect_stderr(io.StringIO()) as printed:
        warnings.simplefilter("always")
        Plugins.instance()
    complaints = [str(warning.message) for warning in said] + printed.getvalue().splitlines()
    return {"complaints": [line for line in complaints if "hydra_plugins" in line]}


if __name__ == "__main__":
    job()
    answer({"plugins": look_at_plugins})
