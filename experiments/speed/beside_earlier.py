"""`prepare` of today beside that of an earlier version, in turns, as a user types it.

    git worktree add ../earlier ebadf6c          (0.6.0)
    python experiments/speed/beside_earlier.py FOLDER ../earlier

FOLDER holds Training/ and Testing/. Writes beside_earlier.json beside this file: seconds of the
clock, and processor time of all cores, the start of Python included.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 2


def prepare(checkout: Path, root: Path) -> tuple[float, float]:
    """Prepare all scans in a new place; gives seconds of the clock and of the processor."""
    with tempfile.TemporaryDirectory() as place:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        values = f"data.root={root}", f"data.prepared={place}"
        subprocess.run(
            [sys.executable, "-m", "brain_tumor.prepare", *values],
            cwd=checkout,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        seconds = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main() -> None:
    """Measure both in turns and write."""
    root, earlier = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    sides = {"today": HERE.parents[1], "earlier": earlier}
    taken: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, checkout in sides.items():
            taken[side].append(prepare(checkout, root))
            print(side, taken[side][-1], flush=True)
    content = {
        side: {
            "commit": subprocess.run(
                ["git", "rev-parse", "--short", "HEAD"],
                cwd=checkout,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip(),
            "clock": [round(clock, 2) for clock, _ in taken[side]],
            "processor": [round(used, 2) for _, used in taken[side]],
        }
        for side, checkout in sides.items()
    }
    text = json.dumps(content, indent=2) + "\n"
    (HERE / "beside_earlier.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main()
