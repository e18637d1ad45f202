"""Pages as a browser shows them: nothing broken, nothing fetched, nothing wider than the screen."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import finished_runs
import hydra
import numpy as np
import pytest
from browser import BROWSER_MARKS, PICTURES, Browser

from brain_tumor.audit.audit import audit as run_audit
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare.compare import compare
from brain_tumor.metrics.complexity import Complexity
from brain_tumor.rendering.page import (
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
from brain_tumor.runs.results.complexity import COMPLEXITY, MeasuredComplexity

pytestmark = BROWSER_MARKS


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

    assert browser.run(BROKEN_WORDS) == []
    if width == 1280:
        assert browser.run(WIDE_TABLES) == []

    # Text differs enough from what is behind it (WCAG AA).
    assert browser.run(CONTRAST) >= 4.5

    browser.save_picture(f"audit-{width}-{scheme}")


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
    # Each section has its link, in order.
    assert anchors == browser.run("[...document.querySelectorAll('section')].map(s => s.id)")
    assert {"leakage", "shortcuts"} < set(anchors)
    assert len(files) == 6
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


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compare made-up runs of two networks, two folds each, as the command does; gives the page."""
    place = tmp_path_factory.mktemp("compared")
    generator = np.random.default_rng(0)
    network = Complexity(8_415_796, 8_415_796, 7 * 10**7, 10**7)
    cost = MeasuredComplexity(
        **vars(network), checkpoint_bytes=1, device="CPU", threads=1, seconds_per_scan={"1": 0.01}
    )
    for model, right in (("gbmnet", 0.8), ("mobilenetv2", 0.7)):
        for fold in range(2):
            rows = []
            for number in range(fold, 240, 2):
                label = finished_runs.CLASSES[number // 4 % 3]
                sure = generator.random() < right
                called = label if sure else finished_runs.CLASSES[generator.integers(3)]
                rows.append((f"Training/{label}/{number}.jpg", label, called, str(number // 4)))
            run = finished_runs.write_run(
                place / f"{model}-{fold}",
                rows,
                fold=fold,
                values={"model.name": model},
                complexity=COMPLEXITY.to_plain(cost),
                metrics={
                    "version": 1,
                    "checkpoint": "best.ckpt",
                    "bootstrap": {"resamples": 200, "level": 0.95, "seed": 0},
                    "temperature": {"value": 1.5, "fitted_on": "validation"},
                    "operating_point": {
                        "healthy": "notumor",
                        "threshold": 0.3,
                        "chosen_on": "validation",
                        "least_sensitivity": 0.95,
                    },
                    "parts": {},
                },
            )
            curves = "epoch,seconds,train/loss,train/balanced_accuracy,val/balanced_accuracy"
            points = [f"{epoch},1,{1 / epoch},{1 - 0.5 / epoch},0.6" for epoch in range(1, 9)]
            (run / "metrics.csv").write_text("\n".join([curves, *points]))
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        words = [f"runs=[{place}]", f"folder={place / 'out'}", "evaluation.resamples=200"]
        compare(hydra.compose("compare", words))
    return place / "out" / "comparison.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize(("kind", "least"), [("audited", 3), ("compared", 11)])
def test_the_page_of_a_command_is_whole(
    browser: Browser,
    request: pytest.FixtureRequest,
    kind: str,
    least: int,
    width: int,
    scheme: str,
) -> None:
    page: Path = request.getfixturevalue(kind)
    browser.visit(page, width, scheme)
    assert troubles(browser) == []
    pictures = browser.run("[...document.images].map(i => i.naturalWidth)")
    assert len(pictures) >= least
    assert min(pictures) > 0
    asked = [p["request"]["url"] for p in browser.params("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    links = browser.run("[...document.links].map(a => a.getAttribute('href'))")
    for link in links:
        if link.startswith("#"):
            assert browser.run(f"!!document.getElementById('{link[1:]}')")
        else:
            assert (page.parent / link).is_file()
    assert browser.run("document.documentElement.scrollWidth <= document.body.clientWidth")
    assert browser.run(outside("body *:not(.scroll *, .bars thead, .bars thead *)")) == []
    assert browser.run(BROKEN_WORDS) == []
    if width == 1280:
        assert browser.run(WIDE_TABLES) == []
    assert browser.run(CONTRAST) >= 4.5
    browser.save_picture(f"{kind}-{width}-{scheme}")


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


# Plain words that begin on one line and end on the next; fingerprints and paths may.
BROKEN_WORDS = """(() => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, range = document.createRange();
        if (node.parentElement.closest('.bars thead')) continue;  // read out, not seen
        for (const word of node.data.matchAll(/(?<!\\S)[A-Za-z0-9]{2,28}(?=[,.;:]*(\\s|$))/g)) {
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (tops.size > 1) found.push(word[0]);
        }
    }
    return found;
})()"""
WIDE_TABLES = """[...document.querySelectorAll('.scroll table')]
    .filter(table => table.scrollWidth > table.closest('.scroll').clientWidth)
    .map(table => table.caption.textContent)"""

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
