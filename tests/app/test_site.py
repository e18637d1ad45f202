"""The page's own server, asked as a browser asks it, and as others might."""

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from browser import BROWSER_MARKS, Browser
from phantoms import PhantomTruth
from starlette.applications import Starlette

from brain_tumor.app.answer import answer
from brain_tumor.app.serve import serve as start
from brain_tumor.app.site import BYTES, UPLOADS, make_site
from brain_tumor.cli.from_python import configured
from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.predict.model import Model, open_model
from brain_tumor.rendering.numbers import format_percent
from brain_tumor.trained.abstention import Abstention

MAX_BYTES = 2 << 20


class Served(NamedTuple):
    model: Model | None
    port: int


@pytest.fixture
def served(sweep: dict[float, Path], serve: Callable[[Starlette], int]) -> Served:
    """Serve a run of the phantoms."""
    model = open_model(sweep[1e-3], Abstention(0.05), accelerator="cpu")
    site = make_site(partial(answer, model), model.name, model.classes, MAX_BYTES)
    return Served(model, serve(site))


def ask(
    served: Served, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    reply = connection.getresponse()
    return reply, reply.read()


def scan(served: Served, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    reply, content = ask(served, "POST", "/scan", body, **(headers or {"Content_Type": BYTES}))
    return reply.status, json.loads(content)


def picture(url: str) -> np.ndarray:
    kind, content = url.split(",")
    assert kind == "data:image/png;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_scan_is_answered_as_predict_answers_it(
    served: Served, phantom_root: Path, truth: PhantomTruth
) -> None:
    path = next(phantom_root / one.path for one in truth.scans if one.path.endswith(".jpg"))
    status, found = scan(served, path.read_bytes())
    assert status == 200
    assert set(found["probabilities"]) == set(served.model.classes)
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert found["label"] == max(found["probabilities"], key=found["probabilities"].get)
    assert found["frames"] == 1
    assert found["tumour"] in (True, False)
    assert found["call"].startswith("Tumour: " if found["tumour"] else "No tumour: ")
    assert f"From {format_percent(served.model.chosen.threshold)} on" in found["call"]
    crop, overlay = picture(found["crop"]), picture(found["overlay"])
    assert crop.shape == (256, 256)
    assert overlay.shape == (256, 256, 3)
    seen = served.model.predict(crop[None])
    np.testing.assert_allclose(list(found["probabilities"].values()), seen.probabilities[0])


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "This file is empty."),
        (b"a list of things to buy", 422, "This file cannot be used: .* picture"),
        (os.urandom(MAX_BYTES + 1), 413, "more than 2 MiB"),
        (cv2.imencode(".png", np.zeros((64, 64), np.uint8))[1].tobytes(), 422, "one grey value"),
    ],
    ids=["empty", "text", "large", "black"],
)
def test_what_is_no_scan_gets_a_sentence(
    served: Served, body: bytes, status: int, sentence: str
) -> None:
    found, said = scan(served, body)
    assert found == status
    assert re.search(sentence, said["error"])


def test_what_the_network_cannot_answer_gets_its_sentence(
    serve: Callable[[Starlette], int],
) -> None:
    def fail(content: bytes) -> dict[str, Any]:
        raise WeightsError("The checkpoint gives values that are no numbers: take another one.")

    status, said = scan(Served(None, serve(make_site(fail, "t", ("a", "b"), 9))), b"x")
    assert status == 422
    assert said["error"].startswith("The checkpoint gives values")


def test_the_page_asks_nobody_else_and_is_not_kept(served: Served) -> None:
    reply, content = ask(served, "GET", "/")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    text = content.decode()
    assert re.findall(r"https?://", text) == []
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', text))
    assert f"script-src 'nonce-{nonce}'" in policy
    again = ask(served, "GET", "/")[0].headers["Content-Security-Policy"]
    assert again != policy
    assert "not for diagnosis" in text


def test_other_sites_are_not_heard(served: Served, phantom_root: Path) -> None:
    # A name of theirs that leads here, and what a form of theirs could send.
    assert ask(served, "GET", "/", Host="evil.example")[0].status == 400
    for kind in ("text/plain", "multipart/form-data", "image/png"):
        status, said = scan(served, b"x", Content_Type=kind)
        assert (status, said["error"]) == (415, "Send the bytes of one file.")
    assert ask(served, "GET", "/scan")[0].status == 405
    assert ask(served, "GET", "/../pyproject.toml")[0].status == 404


def test_nothing_is_written(
    served: Served, phantom_root: Path, truth: PhantomTruth, tmp_path: Path, monkeypatch
) -> None:
    def files() -> set[Path]:
        return {p for p in (*served.model.path.rglob("*"), *tmp_path.rglob("*")) if p.is_file()}

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = files()
    assert scan(served, (phantom_root / truth.scans[0].path).read_bytes())[0] == 200
    assert files() == before


def test_a_port_that_is_taken_is_named_before_a_network_is_opened(served: Served) -> None:
    words = ["run=nowhere", f"port={served.port}"]
    with (
        configured("app", words) as config,
        pytest.raises(ConfigError, match=f"port={served.port} cannot be had"),
    ):
        start(config)


def stalled(port: int, sent: int = 1000) -> socket.socket:
    """Begin an upload that never ends."""
    connection = socket.create_connection(("127.0.0.1", port))
    head = f"POST /scan HTTP/1.1\r\nHost: localhost\r\nContent-Type: {BYTES}\r\n"
    connection.sendall(f"{head}Content-Length: {MAX_BYTES}\r\n\r\n".encode() + bytes(sent))
    return connection


def test_few_uploads_are_held_and_a_stalled_one_keeps_nobody_out(
    serve: Callable[[Starlette], int],
) -> None:
    def refuse(content: bytes) -> Any:
        raise WeightsError("answered.")

    port = serve(make_site(refuse, "t", ("a", "b"), MAX_BYTES, patience=1))
    held = [stalled(port) for _ in range(UPLOADS)]
    begun = time.monotonic()
    assert scan(Served(None, port), b"x") == (422, {"error": "answered."})
    assert time.monotonic() - begun > 0.5  # it waited for a place
    for connection in held:
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
        connection.close()


SERVER = """
import sys
from brain_tumor.app.serve import listening, run_server
from brain_tumor.app.site import make_site
with listening(0) as listener:
    print(listener.getsockname()[1], flush=True)
    run_server(make_site(lambda content: None, "t", ("a", "b"), 2**21), listener)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_uploads_that_stall_or_end_hold_nothing_up_and_leave_no_traceback() -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = int(server.stdout.readline())
    for _ in range(3):
        stalled(port).close()
    ask(Served(None, port), "GET", "/")
    held = stalled(port)
    time.sleep(0.3)
    begun = time.monotonic()
    server.send_signal(signal.SIGTERM)
    _, err = server.communicate(timeout=20)
    held.close()
    assert time.monotonic() - begun < 8
    assert err == ""


def choose(browser: Browser, path: Path) -> None:
    """Put a file into the page's field, as a person does."""
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    field = browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=field, files=[str(path)])


@BROWSER_MARKS[0]
@BROWSER_MARKS[1]
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_person_gets_an_answer_or_a_sentence(
    browser: Browser,
    served: Served,
    phantom_root: Path,
    truth: PhantomTruth,
    tmp_path: Path,
    width: int,
    scheme: str,
) -> None:
    address = f"http://127.0.0.1:{served.port}/"
    browser.visit(address, width, scheme)
    path = phantom_root / truth.scans[0].path
    choose(browser, path)
    browser.wait_for("!document.getElementById('result').hidden")
    _, found = scan(served, path.read_bytes())
    assert browser.run("document.getElementById('class').textContent") == found["label"]
    assert browser.run("document.getElementById('status').textContent") == path.name
    assert browser.run("document.getElementById('call').textContent") == found["call"]
    shown = browser.run(
        "[...document.querySelectorAll('#probabilities th')].map(e => e.textContent)"
    )
    assert sorted(shown) == sorted(served.model.classes)
    assert shown[0] == found["label"]
    assert browser.run("[...document.images].every(i => i.naturalWidth === 256)")
    assert browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    browser.save_picture(f"app-{width}-{scheme}")

    text = tmp_path / "letter.jpg"
    text.write_text("no picture")
    # While the next is computed, nothing of the last answer is on the page.
    hold = "window.real = fetch; window.fetch = (...a) => new Promise(go => { window.go = go; })"
    browser.run(f"{hold}.then(() => real(...a)); 0")
    choose(browser, text)
    browser.wait_for("!!window.go")
    assert browser.run("document.getElementById('result').hidden")
    assert "looks at letter.jpg" in browser.run("document.getElementById('status').textContent")
    browser.run("window.go(); 0")
    browser.wait_for("!document.getElementById('error').hidden")
    assert browser.run("document.getElementById('status').textContent") == "letter.jpg"
    said = browser.run("document.getElementById('error').textContent")
    assert said.startswith("This file cannot be used")
    assert browser.run("document.getElementById('result').hidden")
    browser.save_picture(f"app-{width}-{scheme}-text")

    asked = {p["request"]["url"] for p in browser.params("Network.requestWillBeSent")}
    assert {url for url in asked if not url.startswith("data:")} == {address, f"{address}scan"}
    # The browser itself notes a refusal's status; nothing else may be wrong.
    troubles = [p["entry"] for p in browser.params("Log.entryAdded")]
    assert [entry for entry in troubles if "422" not in entry["text"]] == []
    assert browser.params("Runtime.exceptionThrown", "Runtime.consoleAPICalled") == []
