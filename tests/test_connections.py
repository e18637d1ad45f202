"""No command connects to another machine unasked, or leaves files in the home folder."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("onnxruntime")
STRACE = shutil.which("strace")
ADDRESS = re.compile(
    r'sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|AF_INET6, )"([^"]+)"'
)
NAME_SERVER = 53  # on this machine or another one: what it is asked goes further
SMALL = ("model.width=16", "trainer.max_epochs=1", "data.batch_size=16", "trainer=cpu")
SMALL += ("evaluation.resamples=100", "evaluation.figures=false", "logger=tensorboard")
SMALL += ("split=official", "split.validation_fraction=0.25")


class Ended(NamedTuple):
    said: str
    asked: list[str]  # other machines, and name servers
    left: list[Path]  # files in the home folder


Typed = Callable[..., Ended]


def test_onnxruntime_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import brain_tumor, onnxruntime"]
    subprocess.run(words, check=True, env=at_home(tmp_path), capture_output=True)
    assert list(tmp_path.rglob("*")) == []


def test_a_user_may_decide_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [sys.executable, "-c", "import brain_tumor, os; print(os.environ['{}'])"]
    words[-1] = words[-1].format("ORT_DISABLE_TELEMETRY")
    for given, found in ((None, "1\n"), ("0", "0\n")):
        environment = at_home(Path.home()) | ({"ORT_DISABLE_TELEMETRY": given} if given else {})
        ended = subprocess.run(words, check=True, env=environment, capture_output=True, text=True)
        assert ended.stdout == found


def at_home(home: Path) -> dict[str, str]:
    """Give an environment with that home folder, in which a user has decided nothing."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("XDG_") and name != "ORT_DISABLE_TELEMETRY"
    }
    return kept | {"HOME": str(home), "MPLCONFIGDIR": str(home.parent / "matplotlib")}


def traced(place: Path, words: list[str], meanwhile: Callable[[str], None] | None = None) -> Ended:
    """Run a command and write down whom it connects to.

    With `meanwhile` it runs on until that, which is given its first line, is done.
    """
    home = Path(tempfile.mkdtemp(prefix="home-", dir=place))
    trace = home.with_suffix(".trace")
    # -D: the command is our child, so that it can be interrupted.
    tracer = [STRACE or "", "-D", "-f", "-q", "--seccomp-bpf", "-o", str(trace)]
    tracer += ["-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    process = subprocess.Popen(
        [*tracer, *words],
        cwd=place,
        env=at_home(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    if meanwhile is not None:
        said = process.stdout.readline()
        try:
            meanwhile(said)
        finally:
            process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=300)[0]
    last = time.monotonic() + 30
    ending = re.compile(rf"^{process.pid} +\+\+\+ exited", re.M)  # short numbers are padded
    while not ending.search(lines := trace.read_text(errors="replace")):
        assert time.monotonic() < last, said
        time.sleep(0.05)
    found = [(int(port), host) for port, host in ADDRESS.findall(lines)]
    return Ended(
        said,
        [f"{host}:{port}" for port, host in found if port == NAME_SERVER or not local(host)],
        [path for path in home.rglob("*") if path.is_file()],
    )


def local(host: str) -> bool:
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@pytest.fixture(scope="module")
def tracing(tmp_path_factory: pytest.TempPathFactory) -> None:
    if STRACE is None:
        pytest.skip("no strace: `make strace` installs it")
    allowed = subprocess.run([STRACE, "-o", os.devnull, "true"], capture_output=True, text=True)
    if allowed.returncode:  # as in a container without ptrace
        pytest.skip(f"strace may not look at processes here: {allowed.stderr.strip()}")
    # UDP: nothing is sent.
    reach = "import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    ended = traced(tmp_path_factory.mktemp("tried"), [sys.executable, "-c", reach])
    assert ended.asked == ["192.0.2.1:9"]


@pytest.fixture(scope="module")
def place(tracing: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def typed(place: Path) -> Typed:
    def ended(command: str, *words: str, meanwhile: Callable[[str], None] | None = None) -> Ended:
        return traced(place, [sys.executable, "-m", f"brain_tumor.{command}", *words], meanwhile)

    return ended


@pytest.fixture(scope="module")
def scans(phantom_root: Path, prepared) -> list[str]:
    return [
        *("data=phantom", "data.source=folder", f"data.root={phantom_root}"),
        *(f"data.prepared={prepared.folder.parent}", f"data.patients={phantom_root}/phantoms.csv"),
    ]


@pytest.fixture(scope="module")
def trained(typed: Typed, scans: list[str], place: Path) -> Ended:
    return typed("train", *scans, *SMALL, "run_folder=run", "hydra.run.dir=run")


@pytest.fixture(scope="module")
def exported(typed: Typed, trained: Ended) -> Ended:
    return typed("export", "run=run", "rounds=1", "int8=true", "calibration=16")


def assert_quiet(ended: Ended, words: str) -> None:
    assert words in ended.said
    assert ended.asked == []
    assert ended.left == []


@pytest.mark.slow
def test_training_connects_to_nobody(trained: Ended) -> None:
    assert_quiet(trained, "run folder:")


@pytest.mark.slow
def test_exporting_connects_to_nobody(exported: Ended) -> None:
    assert_quiet(exported, "written: run/exports/gbmnet-int8.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        ("evaluate", ["run=run", "accelerator=cpu", "evaluation.resamples=100"], "written in run"),
        ("predict", ["run=run", "input={scans}/Testing"], "scans predicted"),
        ("predict", ["run=run/exports/gbmnet.onnx", "input={scans}/Testing"], "scans predicted"),
        ("compare", ["runs=run", "folder=compared", "evaluation.resamples=100"], "written: "),
        ("doctor", [], "brain-tumor"),
        ("tune", ["*", *SMALL, "study.trials=1"], "1 finished"),
        ("prepare", ["*", "data.prepared=again", "split=official"], "prepared set"),
        ("audit", ["*", "folder=audit", "hydra.run.dir=audit", "report_seeds=1"], "page:"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_connects_to_nobody(
    typed: Typed,
    exported: Ended,
    scans: list[str],
    phantom_root: Path,
    command: str,
    words: list[str],
    said: str,
) -> None:
    given = scans if "*" in words else []
    own = [word.format(scans=phantom_root) for word in words if word != "*"]
    assert_quiet(typed(command, *given, *own), said)


@pytest.mark.slow
@pytest.mark.parametrize("run", ["run", "run/exports/gbmnet.onnx"])
def test_the_page_connects_to_nobody(
    typed: Typed, exported: Ended, phantom_root: Path, run: str
) -> None:
    scan = next((phantom_root / "Testing").rglob("*.jpg")).read_bytes()

    def used(said: str) -> None:
        port = int(re.findall(r":(\d+) in a browser", said)[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for method, path, body in (("GET", "/", None), ("POST", "/scan", scan)):
            connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
        time.sleep(20)  # onnxruntime waited ten seconds before it sent anything

    ended = typed("app", f"run={run}", "port=0", "accelerator=cpu", meanwhile=used)
    assert_quiet(ended, "in a browser. Ctrl-C ends it.")
