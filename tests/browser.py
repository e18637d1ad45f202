"""A browser to look at pages with: Chromium, without a window."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
BROWSER_MARKS = [
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

    def visit(self, page: Path | str, width: int, scheme: str = "light", height: int = 900) -> None:
        """Open a file or an address in a window of that many pixels and wait until it is there."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri() if isinstance(page, Path) else page)
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

    def wait_for(self, script: str, seconds: float = 60) -> Any:
        """Give the value of an expression as soon as it is true in JavaScript's sense."""
        until = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < until, f"not in {seconds} s: {script}"
            time.sleep(0.1)
        return value

    def save_picture(self, name: str) -> None:
        """Keep the whole page as a PNG file where BRAIN_TUMOR_SCREENSHOTS names a folder."""
        if not PICTURES:
            return
        root = "document.documentElement"
        width, height = self.run(f"[{root}.scrollWidth, {root}.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        (Path(PICTURES) / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

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
