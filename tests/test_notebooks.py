"""Every notebook runs in a real kernel, and its file holds the pictures and tables it showed."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
from notebooks.run import NOTEBOOKS, run

MAX_BYTES = 500_000
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def check(notebook: Any) -> None:
    """See that there are pictures and tables, and neither errors nor warnings."""
    shown = outputs(notebook)
    assert [one for one in shown if one.output_type == "error"] == []
    assert [one.text for one in shown if one.output_type == "stream" and one.name == "stderr"] == []
    kinds = [kind for one in shown for kind in one.get("data", {})]
    assert "image/png" in kinds and "text/markdown" in kinds
    for one in shown:
        if "image/png" in one.get("data", {}):
            assert base64.b64decode(one.data["image/png"]).startswith(b"\x89PNG")
        assert "<Figure" not in one.get("data", {}).get("text/plain", "") or "image/png" in one.data


@pytest.mark.slow
@EVERY
def test_it_runs_in_a_kernel(path: Path, tmp_path: Path) -> None:
    check(run(path, tmp_path))


@EVERY
def test_what_it_showed_is_kept(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    check(notebook)
    ran = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert ran == list(range(1, len(ran) + 1))  # in order, in a fresh kernel
    text = path.read_text(encoding="utf-8")
    assert len(text) < MAX_BYTES
    # Neither paths of the machine it ran on, nor addresses of objects.
    assert re.findall(r"/(?:home|Users|tmp|work|root)/|site-packages| at 0x[0-9a-f]+", text) == []
