import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.doctor.child import ask

Write = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(body: str) -> str:
        start = "from brain_tumor.doctor.child import answer, job\nasked = job()\n"
        (tmp_path / "asked_module.py").write_text(start + textwrap.dedent(body))
        return "asked_module"

    return write


def test_steps_come_back_by_name(written: Write) -> None:
    module = written("print('a library greets')\nanswer({'a': lambda: asked, 'b': dict})")
    found = ask(module, {"x": [1, "ü"]}, 30)
    assert found.steps == {"a": {"x": [1, "ü"]}, "b": {}}
    assert found.fault is None
    assert found.error("a") is None


def test_a_step_that_raises_does_not_stop_the_next(written: Write) -> None:
    found = ask(written("answer({'a': lambda: 1 / 0, 'b': dict})"), {}, 30)
    assert found.error("a") == "ZeroDivisionError: division by zero"
    assert found.error("b") is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("import os\nos.abort()", "SIGABRT"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import sys\nsys.exit('no such library')", "no such library"),
        ("import os\nos._exit(7)", "status 7: it said nothing"),
    ],
)
def test_a_crash_is_told_with_what_came_before(written: Write, body: str, told: str) -> None:
    found = ask(written(f"answer({{'a': dict}})\n{body}"), {}, 30)
    assert found.error("a") is None
    assert told in found.error("b")


def test_a_process_that_hangs_is_ended(written: Write) -> None:
    found = ask(written("answer({'a': dict})\nimport time\ntime.sleep(60)"), {}, 2)
    assert found.error("a") is None
    assert found.error("b") == "it did not answer within 2 s"
