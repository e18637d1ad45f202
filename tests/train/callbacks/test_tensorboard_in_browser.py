"""A sweep of two runs in the real TensorBoard, as a browser shows it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import BROWSER_MARKS, Browser

from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS

pytestmark = BROWSER_MARKS
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
NAMES = ["0-gbmnet/tensorboard", "1-gbmnet/tensorboard"]
STARTED = re.compile(r"TensorBoard \S+ at (http://\S+/)")
# TensorBoard's own elements lie in shadow trees, which selectors and innerText do not enter.
DEEP = """
    const inside = e => [...(e.shadowRoot ? e.shadowRoot.childNodes : []), ...e.childNodes];
    const all = (root, selector) => inside(root).filter(e => e.nodeType === 1).flatMap(
        e => [...(e.matches(selector) ? [e] : []), ...all(e, selector)]);
    const text = e => e.nodeType === 3 ? e.data :
        ['STYLE', 'SCRIPT', 'TEMPLATE'].includes(e.tagName) ? '' : inside(e).map(text).join(' ');
    const words = e => text(e).replace(/\\s+/g, ' ').trim();
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(sweep: dict[float, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start TensorBoard on the sweep; it says which port it was given."""
    log = tmp_path_factory.mktemp("server") / "log"
    folder = next(iter(sweep.values())).parent
    words = ["--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"]
    command = [sys.executable, "-m", "tensorboard.main", *words]
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        until = time.monotonic() + 120
        while (said := STARTED.search(log.read_text())) is None:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield said[1]
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Browser]:
    """Give a browser for which TensorBoard has read both runs; afterwards, look for troubles."""
    # An address that differs in its last part alone would not be loaded anew.
    browser.visit(f"{address}data/runs", 1400)
    listed = "fetch('/data/runs').then(answer => answer.json()).then(runs => runs.sort().join())"
    browser.wait_for(f"{listed}.then(runs => runs === '{','.join(NAMES)}')")
    yield browser
    assert browser.params("Runtime.exceptionThrown") == []
    entries = [params["entry"] for params in browser.params("Log.entryAdded")]
    assert [entry for entry in entries if entry["level"] == "error"] == []
    asked = [params["request"]["url"] for params in browser.params("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def shown(page: Browser, selector: str, value: str, count: int) -> list[Any]:
    """Give a value of each such element for which it is true, as soon as that many are there."""
    found = f"(() => {{{DEEP} return all(document, '{selector}').map(e => {value})}})()"
    page.wait_for(f"{found}.filter(Boolean).length === {count}")
    return list(filter(None, page.run(found)))


def fetched(page: Browser, path: str, body: dict[str, Any] | None = None) -> Any:
    """Give what TensorBoard's data interface answers."""
    options = {} if body is None else {"method": "POST", "body": json.dumps(body)}
    return page.run(
        f"fetch({json.dumps(f'/data/plugin/{path}')}, {json.dumps(options)}).then(a => a.json())"
    )


def test_time_series_show_a_curve_of_every_run(page: Browser, address: str) -> None:
    page.visit(f"{address}?tagFilter=%2Ff1%2Fglioma%24%7C%2Floss%24#timeseries", 1400)
    # The table under a chart has a line for each run.
    loaded = f"{json.dumps(NAMES)}.every(name => words(e).includes(name)) && words(e)"
    cards = shown(page, "scalar-card", loaded, 4)
    titles = {card.split(" Alt ")[0].replace(" ", "") for card in cards}
    assert titles == {"train/f1/glioma", "train/loss", "val/f1/glioma", "val/loss"}
    assert len(shown(page, "scalar-card canvas", "e.width > 100 && e.height > 100", 4)) == 4
    page.save_picture("tensorboard-curves")


def test_time_series_are_grouped_by_part(page: Browser, address: str) -> None:
    page.visit(f"{address}#timeseries", 1400, height=5000)
    groups = shown(page, "metrics-card-group-toolbar", "words(e)", 3)
    page.wait_for(f"(() => {{{DEEP} return !all(document, 'mat-spinner').length}})()")
    page.save_picture("tensorboard-timeseries")
    assert [group.split()[0] for group in groups] == ["final", "train", "val"]


def test_custom_scalars_put_both_parts_on_one_chart(page: Browser, address: str) -> None:
    page.visit(f"{address}#custom_scalars", 1400, height=1800)
    chart, line = "tf-custom-scalar-multi-line-chart-card", "e.getAttribute('d')?.includes('L')"
    legend = r"(words(e).match(/\S+\/\S+ \(\S+\)/g) ?? []).length === 4"
    drawn = f"all(e, 'path.line').filter(e => {line}).length >= 4 && {legend} && words(e)"
    cards = shown(page, chart, drawn, 8)
    page.save_picture("tensorboard-custom-scalars")
    titles = ["loss", "accuracy", "balanced accuracy", "macro F1", *CLASSES]
    ends = ["loss", "accuracy", "balanced_accuracy", "macro_f1", *(f"f1/{c}" for c in CLASSES)]
    for card, title, end in zip(cards, titles, ends, strict=True):
        assert card.startswith(title)
        legend = re.findall(r"(\S+/\S+) \((\S+)\)", card)
        assert sorted(legend) == [(f"{part}/{end}", n) for part in ("train", "val") for n in NAMES]
    first, second = shown(page, "tf-category-paginated-view", "words(e)", 2)
    assert first.startswith("train and val 4 ")
    assert second.startswith("train and val: F1 of each class 4 ")


def test_hparams_show_what_was_swept_beside_the_final_scores(
    page: Browser, address: str, sweep: dict[float, Path]
) -> None:
    infos = fetched(page, "hparams/experiment", {"experimentName": ""})["hparamInfos"]
    assert [info["name"] for info in infos if info.get("differs")] == ["Learning rate"]

    page.visit(f"{address}#hparams", 1400)
    cells = "all(e, 'vaadin-grid-cell-content').map(words).filter(Boolean)"
    loaded = f"{json.dumps(NAMES)}.every(name => words(e).includes(name)) && {cells}"
    (table,) = shown(page, "tf-hparams-table-view", loaded, 1)
    page.save_picture("tensorboard-hparams")
    names = ("accuracy", "balanced_accuracy", "macro_f1")
    starts = [table.index(run) for run in NAMES]
    assert table[:3] == ["Trial ID", "Show Metrics", "Learning rate"]
    final = [f"final/test/{name}" for name in names]
    assert [head for head in table[: starts[0]] if head.startswith("final/test/")] == final
    for start, (rate, folder) in zip(starts, sweep.items(), strict=True):
        row = table[start : start + starts[1] - starts[0]]
        assert float(row[1]) == rate
        scores = METRICS.read(RunFolder(folder)).parts["test"]
        for name in names:
            # Five significant digits, trailing zeros too.
            assert f"{scores.value(name):#.5g}" in row


def test_pictures_of_every_epoch_are_there(page: Browser, address: str) -> None:
    for run in NAMES:
        path = f"images/images?tag=val%2Fconfusion&run={run.replace('/', '%2F')}&sample=0"
        pictures = fetched(page, path)
        assert [picture["step"] for picture in pictures] == [1, 2]

    page.visit(f"{address}#images", 1400, height=3600)
    groups = shown(page, "tf-category-paginated-view", "words(e)", 3)
    assert [group.split()[0] for group in groups] == ["final", "train", "val"]
    # The last group is closed at first.
    view = "tf-category-paginated-view"
    page.run(f"(() => {{{DEEP} all(all(document, '{view}').at(-1), 'button')[0].click()}})()")
    # Three final matrices, the scans and the last epoch's matrix, of two runs.
    width = "all(e, 'img').map(i => i.complete && i.naturalWidth)[0]"
    widths = shown(page, "tf-image-loader", width, 10)
    page.save_picture("tensorboard-images")
    assert sorted(widths)[:8] == [342] * 8


def test_precision_recall_curves_are_drawn(page: Browser, address: str) -> None:
    page.visit(f"{address}#pr_curves", 1400, height=2200)
    drawn = "all(e, 'path.line').length >= 2 && words(e)"
    cards = shown(page, "tf-pr-curve-card", drawn, 4)
    page.save_picture("tensorboard-pr-curves")
    for card, name in zip(cards, CLASSES, strict=True):
        assert card.startswith(f"val/pr/{name} ")
        assert card.count("is at step 2") == 2
    for run in NAMES:
        path = f"pr_curves/pr_curves?tag=val%2Fpr%2Fglioma&run={run.replace('/', '%2F')}"
        curves = fetched(page, path)[run]
        assert [curve["step"] for curve in curves] == [1, 2]
        # At the least threshold every scan is found.
        assert curves[-1]["recall"][0] == 1
