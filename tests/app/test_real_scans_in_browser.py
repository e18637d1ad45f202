"""The page with a network of real scans: one goes in, the right class comes out."""

import itertools
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import hydra
import numpy as np
import pytest
from browser import BROWSER_MARKS, Browser
from scipy.special import softmax
from starlette.applications import Starlette

from brain_tumor.app.answer import answer
from brain_tumor.app.site import make_site
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.engine.allocator import keep_freed_memory
from brain_tumor.predict.model import open_model
from brain_tumor.runs.folder import RunFolder
from brain_tumor.train.train import train
from brain_tumor.trained.abstention import Abstention

DATA = os.environ.get("BRAIN_TUMOR_DATA", "")
WEIGHTS = Path(os.environ.get("BRAIN_TUMOR_WEIGHTS", "")) / (
    "mobilenet_v2-imagenet-torchvision-int8.pth"
)
pytestmark = [
    *BROWSER_MARKS,
    pytest.mark.skipif(not DATA, reason="BRAIN_TUMOR_DATA names no folder of scans"),
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="BRAIN_TUMOR_WEIGHTS has no file"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Train the head of a frozen MobileNetV2 for forty batches of other patients' scans."""
    keep_freed_memory()
    folder = tmp_path_factory.mktemp("real")
    register_resolvers()
    words = [f"run_folder={folder / 'run'}", f"data.prepared={folder / 'prepared'}", "trainer=cpu"]
    words += ["model=mobilenetv2", f"model.weights={WEIGHTS}", "split=patient", "logger=none"]
    words += ["trainer.max_epochs=1", "+trainer.limit_train_batches=40", "optimizer.lr=3e-3"]
    words += ["evaluation.figures=false", "evaluation.resamples=100"]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        train(hydra.compose("train", words))
    return RunFolder(folder / "run")


def drop(browser: Browser, path: Path) -> None:
    """Drop a file on the page's field, as a person does; the browser has another folder as home."""
    corner = "document.getElementById('drop').getBoundingClientRect()"
    x, y = browser.run(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({corner})")
    held = {"items": [], "files": [str(path.resolve())], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=held)


def test_a_real_scan_goes_in_and_the_right_class_comes_out(
    run: RunFolder, browser: Browser, serve: Callable[[Starlette], int], tmp_path: Path
) -> None:
    model = open_model(run.path, Abstention(0.05), accelerator="cpu")
    site = make_site(partial(answer, model), model.name, model.classes, 2**20)
    rows = [row for row in run.read_rows("predictions.csv") if row["part"] == "test"]
    assert set(model.classes) == {"glioma", "meningioma", "notumor", "pituitary"}
    browser.visit(f"http://127.0.0.1:{serve(site)}/", 1280)
    flags = []
    for place, name in itertools.product(range(3), model.classes):  # no class twice in succession
        right = [row for row in rows if row["predicted"] == row["label"] == name]
        sure = sorted(right, key=lambda row: -float(row[f"probability_{name}"]))[place]
        logits = np.array([float(sure[f"logit_{one}"]) for one in model.classes])
        likely = softmax(logits / (model.chosen.temperature or 1))
        drop(browser, Path(DATA, sure["path"]))
        browser.wait_for(f"document.getElementById('class').textContent === '{name}'")
        assert not browser.run("document.getElementById('result').hidden")
        shown = browser.run(
            "[...document.querySelectorAll('#probabilities tr')].map(line => ["
            "line.querySelector('th').textContent, line.querySelector('meter').value,"
            "line.querySelector('meter').getBoundingClientRect().width])"
        )
        assert shown[0][0] == name
        assert {one: share for one, share, _ in shown} == pytest.approx(
            dict(zip(model.classes, likely.tolist(), strict=True)), abs=1e-4
        )
        assert min(width for *_, width in shown) > 50  # pixels
        assert browser.run("[...document.images].every(i => i.naturalWidth === 256)")
        assert browser.run("document.getElementById('error').hidden")
        flags.append(browser.run("document.getElementById('flags').textContent"))
        # How many are flagged depends on which patients validate so short a training.
        expected = answer(model, Path(DATA, sure["path"]).read_bytes()).flags
        assert flags[-1] == "".join(expected)
        browser.save_picture(f"app-real-{name}-{place}")
    assert not all(flags), flags

    text = tmp_path / "scan.jpg"
    text.write_text("no picture")
    drop(browser, text)
    browser.wait_for("!document.getElementById('error').hidden")
    said = browser.run("document.getElementById('error').textContent")
    assert said.startswith("This file cannot be used")
    assert browser.run("document.getElementById('result').hidden")
