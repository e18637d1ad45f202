"""Pages as a browser shows them: nothing broken, nothing fetched, nothing wider than the screen."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hydra
import pytest

from brain_tumor.report.page import (
    Bar,
    Bars,
    DataTable,
    Heading,
    Notice,
    Page,
    Paragraph,
    Picture,
    Section,
    render,
)
from brain_tumor.runtime.auditing import audit as run_audit
from brain_tumor.runtime.command import conf_folder, register_resolvers

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: `make browser` installs it"),
]
# Keeps what was seen, to be looked at.
PICTURES = os.environ.get("BRAIN_TUMOR_SCREENSHOTS", "")


class Browser:
    """Chromium spoken to by its DevTools protocol: JSON ended by a zero byte, over two pipes."""

    def __init__(self, profile: Path) -> None:
        to_read, self.to_write = os.pipe()
        self.to_hear, to_answer = os.pipe()
        # Out of the way of the two that the browser is given.
        to_read, to_answer = (_moved(descriptor) for descriptor in (to_read, to_answer))
        # The protocol's pipes are file descriptors 3 and 4 of the browser.
        words = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        shell = f'exec "$@" 3<&{to_read} 4>&{to_answer}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *words],
            pass_fds=(to_read, to_answer),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_answer)
        self.heard = b""
        self.number = 0
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def hear(self) -> dict[str, Any]:
        while b"\0" not in self.heard:
            assert select.select([self.to_hear], [], [], 60)[0], "the browser says nothing"
            got = os.read(self.to_hear, 1 << 20)
            assert got, "the browser ended"
            self.heard += got
        message, self.heard = self.heard.split(b"\0", 1)
        return dict(json.loads(message))

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        self.number += 1
        asked: dict[str, Any] = {"id": self.number, "method": method, "params": values}
        if self.session:
            asked["sessionId"] = self.session
        os.write(self.to_write, json.dumps(asked).encode() + b"\0")
        while True:
            message = self.hear()
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message}"
                return dict(message["result"])
            self.events.append(message)

    def visit(self, path: Path, width: int, scheme: str = "light") -> None:
        """Open a file in a window of that many pixels and wait until all of it is there."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in [event.get("method") for event in self.events]:
            self.events.append(self.hear())
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        """Give the value of an expression on the page, waiting for it if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def params(self, *methods: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") in methods]

    def close(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self.session = None
            self.call("Browser.close")
        self.process.wait(timeout=20)
        os.close(self.to_write)
        os.close(self.to_hear)


def _moved(descriptor: int) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return moved


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def written(page: Page, tmp_path: Path) -> Path:
    """Write the audit's page with its sheets beside it."""
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Picture) and block.file:
                file = tmp_path / block.file
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(block.png)
    path = tmp_path / "audit.html"
    path.write_text(render(page), encoding="utf-8")
    return path


def troubles(browser: Browser) -> list[dict[str, Any]]:
    entries = [p["entry"] for p in browser.params("Log.entryAdded")]
    said = browser.params("Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    return [entry for entry in entries if entry["level"] in ("error", "warning")] + said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_is_whole(browser: Browser, written: Path, width: int, scheme: str) -> None:
    browser.visit(written, width, scheme)
    assert troubles(browser) == []

    pictures = browser.run("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt])")
    assert len(pictures) == 6
    assert all(complete and wide > 0 and alt for complete, wide, alt in pictures)

    # Nothing but the file itself and what it carries in it is asked for.
    asked = [p["request"]["url"] for p in browser.params("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [written.as_uri()]

    # A table or sheet that is too wide moves inside its own box, and the page does not.
    assert browser.run("innerWidth") == width
    assert browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    assert browser.run(outside("body *:not(.scroll *, .bars thead, .bars thead *)")) == []

    # Text differs enough from what is behind it (WCAG AA).
    assert browser.run(CONTRAST) >= 4.5

    if PICTURES:
        save_pictures(browser, Path(PICTURES), f"audit-{width}-{scheme}")


@pytest.mark.parametrize("width", [1280, 400])
def test_words_without_a_break_stay_on_the_page(
    browser: Browser, tmp_path: Path, audit_sheets: dict[str, bytes], width: int
) -> None:
    long = "x" * 300
    picture = Picture(audit_sheets["near_clusters"], long, long, f"{long[:100]}.png")
    table = DataTable(long, [long] * 4, [[long] * 4], long, text_columns=2)
    bars = Bars(long, [Bar(long, 0.2, 1, "0.2 to 1")], long)
    blocks = [Heading(long), Paragraph(long), Notice("bad", long), table, picture, bars]
    page = Page(long, long, [Section("one", long, blocks)], [(long[:9], long)])
    path = tmp_path / "long.html"
    path.write_text(render(page), encoding="utf-8")
    browser.visit(path, width)
    assert browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    assert browser.run(outside("body *:not(.scroll *, .bars thead, .bars thead *)")) == []


def test_a_page_that_is_broken_is_noticed(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "broken.html"
    path.write_text(
        "<body><script>console.error('oh')</script><img src='none.png' alt='a'>"
        "<p style='width: 2000px; color: #eee'>wide and pale</p>",
        encoding="utf-8",
    )
    browser.visit(path, 400)
    assert len(troubles(browser)) >= 2
    assert browser.run("document.images[0].naturalWidth") == 0
    assert len(browser.params("Network.requestWillBeSent")) == 2
    assert not browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    assert len(browser.run(outside("body *"))) == 1
    assert browser.run(CONTRAST) < 4.5


def test_every_link_leads_somewhere(browser: Browser, written: Path) -> None:
    browser.visit(written, 1280)
    links = browser.run("[...document.links].map(a => a.getAttribute('href'))")
    anchors = [link[1:] for link in links if link.startswith("#")]
    files = [link for link in links if not link.startswith("#")]
    assert len(anchors) == 9
    assert len(files) == 6
    assert all(browser.run(f"!!document.getElementById('{anchor}')") for anchor in anchors)
    assert all((written.parent / file).is_file() for file in files)
    # A click in the contents brings the section to the top.
    browser.run("document.documentElement.style.scrollBehavior = 'auto'")
    browser.run("document.querySelector('nav a[href=\"#leakage\"]').click()")
    top = browser.run("document.getElementById('leakage').getBoundingClientRect().top")
    assert 0 <= top < 100


@pytest.fixture(scope="module")
def audited(phantom_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audit phantoms as the command does; gives the page."""
    place = tmp_path_factory.mktemp("audited")
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose(
            "audit",
            [
                *("data=phantom", "data.source=folder", f"data.root={phantom_root}"),
                *(f"data.prepared={place / 'prepared'}", f"folder={place / 'audit'}"),
                *("report_seeds=2", "splits.patient.folds=2"),
            ],
        )
    run_audit(config)
    return place / "audit" / "audit.html"


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_of_audited_scans_is_whole(browser: Browser, audited: Path, width: int) -> None:
    browser.visit(audited, width)
    assert troubles(browser) == []
    pictures = browser.run("[...document.images].map(i => i.naturalWidth)")
    assert len(pictures) >= 3
    assert min(pictures) > 0
    links = browser.run("[...document.links].map(a => a.getAttribute('href'))")
    for link in links:
        if link.startswith("#"):
            assert browser.run(f"!!document.getElementById('{link[1:]}')")
        else:
            assert (audited.parent / link).is_file()
    assert browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    assert browser.run(outside("body *:not(.scroll *, .bars thead, .bars thead *)")) == []


def test_it_prints_on_white_without_losing_columns(browser: Browser, written: Path) -> None:
    # 178 mm of an A4 sheet are 673 CSS pixels.
    browser.visit(written, 673, "dark")
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.call("Emulation.setEmulatedMedia", **media)
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert browser.run("document.documentElement.scrollWidth") <= 673
    assert browser.run(outside("table, img")) == []
    printed = browser.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
    document = base64.b64decode(printed["data"])
    assert document.startswith(b"%PDF")
    if PICTURES:
        (Path(PICTURES) / "audit.pdf").write_bytes(document)


def outside(selector: str) -> str:
    """Give a script that finds elements which stick out of the page to the left or right."""
    return f"""[...document.querySelectorAll('{selector}')]
        .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 200)])
        .filter(([box]) => box.right > document.body.clientWidth + 0.5 || box.left < 0)
        .map(([, html]) => html)"""


def save_pictures(browser: Browser, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, **whole(browser))
    (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def whole(browser: Browser) -> dict[str, Any]:
    width, height = browser.run(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    return {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}


# Least contrast ratio of any text with the nearest ground that is not transparent.
CONTRAST = """(() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = parts(colour).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (parts(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const ratios = [...document.querySelectorAll('body *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => [light(getComputedStyle(e).color), light(ground(e))])
        .map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    return Math.min(...ratios);
})()"""
