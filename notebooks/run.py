"""`make notebooks`: run every notebook in a Jupyter kernel, and keep what it shows in its file."""

import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path(__file__).parent.glob("*.ipynb"))


def run(path: Path, folder: Path) -> Any:
    """Run a notebook from its first cell to its last.

    Args:
        path: Its file, which stays as it is.
        folder: Where it runs, and leaves what it writes.

    Returns:
        The notebook with its outputs.

    Raises:
        CellExecutionError: A cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    # Quiet, as the kernel would warn that it talks without encryption, to this machine alone.
    NotebookClient(
        notebook,
        timeout=900,
        record_timing=False,  # else every run would change the files
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    for one in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as place:
            nbformat.write(run(one, Path(place)), one)
        print(f"{one.name}: run, {one.stat().st_size / 1024:.0f} KiB")
