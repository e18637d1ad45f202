from types import SimpleNamespace
from typing import Any

from brain_tumor.audit.splits import audited_splits
from brain_tumor.data.split import SplitSettings


def test_of_plain_folders_no_word_is_said_about_published_parts() -> None:
    plain: Any = SimpleNamespace(kept=[SimpleNamespace(folder="")])
    said: list[str] = []
    assert (
        list(audited_splits(plain, {"official": SplitSettings("official")}, 1, said.append)) == []
    )
    assert said == []
