"""Which checkpoint a training goes on from, and how one comes onto the disk."""

from pathlib import Path

import pytest
import torch

from brain_tumor.errors import TrainingError
from brain_tumor.runs.checkpoints import NEEDED, WholeCheckpoints, forget_before_last, newest_whole


def checkpoint(epoch: int, folder: Path | None = None) -> dict:
    callbacks = {
        "ModelCheckpoint{...}": {
            "dirpath": str(folder),
            "best_model_path": f"{folder}/best.ckpt",
            "best_k_models": {f"{folder}/best.ckpt": torch.tensor(0.5)},
            "monitor": "val/balanced_accuracy",
        },
        "another": {"path": f"{folder}/x"},
    }
    return {name: {} for name in NEEDED} | {"epoch": epoch, "callbacks": callbacks}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plugin = WholeCheckpoints()
    for epoch in (1, 2, 3):
        plugin.save_checkpoint(checkpoint(epoch, tmp_path), tmp_path / "last.ckpt")
    return tmp_path


def test_the_one_before_the_last_stays(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"last.ckpt", "before_last.ckpt"}
    path, content, said = newest_whole(folder)
    assert (path, content["epoch"], said) == (folder / "last.ckpt", 3, [])
    (folder / "last.ckpt").unlink()  # killed between the two renames
    path, content, said = newest_whole(folder)
    assert (path, content["epoch"], said) == (folder / "before_last.ckpt", 2, [])
    forget_before_last(folder)
    assert newest_whole(folder) == (None, {}, [])


def test_only_the_last_one_is_kept_twice(folder: Path) -> None:
    for epoch in (1, 2):
        WholeCheckpoints().save_checkpoint(checkpoint(epoch), folder / "best.ckpt")
    names = {"last.ckpt", "before_last.ckpt", "best.ckpt"}
    assert {path.name for path in folder.iterdir()} == names


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    weights = torch.arange(1000, dtype=torch.float32)
    for epoch in (1, 2):
        content = checkpoint(epoch) | {"state_dict": {"weights": weights}}
        WholeCheckpoints().save_checkpoint(content, tmp_path / "last.ckpt")
    last = tmp_path / "last.ckpt"
    written = bytearray(last.read_bytes())
    written[written.index(weights.numpy().tobytes()) + 403] ^= 0x40  # an exponent's
    last.write_bytes(written)
    path, content, (said,) = newest_whole(tmp_path)
    assert (path, content["epoch"]) == (tmp_path / "before_last.ckpt", 1)
    assert "last.ckpt is damaged" in said


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_one_is_passed_over_and_named(folder: Path, share: float) -> None:
    last = folder / "last.ckpt"
    last.write_bytes(last.read_bytes()[: int(share * last.stat().st_size)])
    path, content, (said,) = newest_whole(folder)
    assert path == folder / "before_last.ckpt"
    assert content["epoch"] == 2
    assert said.startswith(f"{last} is damaged")


def test_a_readable_file_that_is_no_checkpoint_is_passed_over(folder: Path) -> None:
    torch.save({"state_dict": {}}, folder / "last.ckpt")
    assert newest_whole(folder)[0] == folder / "before_last.ckpt"


class Marks:
    """Would make a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_no_code_of_a_checkpoint_is_run(folder: Path) -> None:
    mark = folder / "mark"
    torch.save(checkpoint(4) | {"loops": Marks(mark)}, folder / "last.ckpt")
    path, _, (said,) = newest_whole(folder)
    assert path == folder / "before_last.ckpt"
    assert "UnpicklingError" in said
    assert not mark.exists()


def test_the_best_score_is_remembered_where_the_folder_was_moved(folder: Path) -> None:
    moved = folder / "moved"
    moved.mkdir()
    (folder / "last.ckpt").rename(moved / "last.ckpt")
    content = WholeCheckpoints().load_checkpoint(moved / "last.ckpt")
    state = content["callbacks"]["ModelCheckpoint{...}"]
    assert state["dirpath"] == str(moved)
    assert state["best_model_path"] == f"{moved}/best.ckpt"
    assert list(state["best_k_models"]) == [f"{moved}/best.ckpt"]
    assert content["callbacks"]["another"] == {"path": f"{folder}/x"}


def test_what_cannot_be_written_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(content: object, file: object) -> None:
        file.write(b"half")
        raise RuntimeError("unexpected pos 64 vs 0")  # what torch's writer says of a full disk

    before = {path: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match="is the disk full"):
        WholeCheckpoints().save_checkpoint(checkpoint(4), folder / "last.ckpt")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_in_the_place_of_a_checkpoint_is_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "best.ckpt").mkdir()
    (tmp_path / "best.ckpt" / "mine").touch()
    with pytest.raises(TrainingError, match="make room for a file of that name"):
        WholeCheckpoints().save_checkpoint(checkpoint(4), tmp_path / "best.ckpt")
    assert (tmp_path / "best.ckpt" / "mine").exists()
