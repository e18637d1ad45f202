import shutil
from pathlib import Path

import pytest

from brain_tumor.data.prepared import PreparedSet, open_prepared
from brain_tumor.errors import DataError


@pytest.mark.parametrize("damage", ["summary.json", "manifest.csv", "images.npy", "frames.npy"])
@pytest.mark.parametrize("cut", [None, 200])
def test_a_damaged_set_says_to_delete_it(
    prepared: PreparedSet, tmp_path: Path, damage: str, cut: int | None
) -> None:
    folder = Path(shutil.copytree(prepared.folder, tmp_path / "set"))
    content = (folder / damage).read_bytes()
    (folder / damage).unlink()
    if cut is not None:
        (folder / damage).write_bytes(content[:cut])
    with pytest.raises(DataError, match="delete the folder and prepare the scans again"):
        open_prepared(folder)
