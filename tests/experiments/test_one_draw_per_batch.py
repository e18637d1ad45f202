"""The page on one draw per batch: its tables, its three lines of torchvision, its picture."""

import csv
import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from brain_tumor.audit.results.audit import AUDIT
from brain_tumor.cli.command import conf_folder
from brain_tumor.compare.published import Results
from brain_tumor.config.arguments import parse_settings
from brain_tumor.models.mobilenetv2 import FEATURES
from brain_tumor.runs.folder import RunFolder
from experiments.blocks import filled_block
from experiments.findings import HERE, Findings
from experiments.one_draw_per_batch import head
from experiments.one_draw_per_batch.features import LAST, Course, Worked
from experiments.one_draw_per_batch.picture import CHAIN, drawn_scans
from experiments.one_draw_per_batch.tables import (
    AT_TEST,
    AVERAGES,
    HEAD,
    README,
    at_test_table,
    blocks,
    draws_table,
    in_epoch_table,
)

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
STATES = {*AVERAGES, *AT_TEST}


@pytest.fixture(scope="module")
def found() -> Findings:
    results = OmegaConf.load(conf_folder() / "published" / "results.yaml")
    published = {name: parse_settings(Results, own) for name, own in results.items()}
    return Findings({}, published, AUDIT.read(RunFolder(HERE / "leakage")))


def lines(per_batch: float = 0.2, per_scan: float = 0.7) -> list[dict[str, str]]:
    """Write a table in which the class meningioma alone has another recall, by the draw."""
    rows = []
    for course, twice, seed, epoch, state in product(
        head.COURSES, (False, True), head.SEEDS, head.TOLD, sorted(STATES)
    ):
        weak = per_batch if course.per_batch else per_scan
        test = {f"test_recall_{name}": 0.9 for name in CLASSES} | {"test_recall_meningioma": weak}
        values = {"accuracy": 0.8 + seed / 100, "cost": 0.9, "test_accuracy": epoch / 1000}
        values |= {f"recall_{name}": 0.75 for name in CLASSES} | test
        about = {"per_batch": course.per_batch, "shuffled": course.shuffled, "seed": seed}
        about |= {"softmax_twice": twice, "epoch": epoch, "statistics": state}
        rows.append({key: str(value) for key, value in (about | values).items()})
    return rows


def test_each_draw_has_its_own_rows_beside_the_report(found: Findings) -> None:
    table = draws_table(found, lines())
    meningioma = table.columns.index("meningioma")
    told = {(row[0], row[1]): row for row in table.rows}
    assert told["the report", ""][meningioma] == "0.75 → 0.26"
    for softmax in ("one", "two"):
        assert told["per batch", softmax][meningioma] == "0.75 → 0.20"
        assert told["per scan", softmax][meningioma] == "0.75 → 0.70"
        # Of the report's last epoch, over the three seeds.
        assert told["per batch", softmax][-1] == "0.200 (0.200 to 0.200)"
        assert told["per batch", softmax][2] == "0.810 (0.800 to 0.820)"


def test_in_the_epoch_every_epoch_is_told_and_the_report_s_where_it_has_one(
    found: Findings,
) -> None:
    rows = in_epoch_table(found, lines()).rows
    assert Counter(row[2] for row in rows) == {"20": 5, "100": 4, "200": 5}
    ends = next(row for row in rows if row[0] == "the report" and row[2] == "200")
    assert ends[3:5] == ["0.842", "0.920"]


def test_the_furthest_class_is_the_one_that_parts_most(found: Findings) -> None:
    """The report's recalls are 0.93 for all but meningioma's 0.26."""
    rows = at_test_table(found, lines(per_batch=0.2, per_scan=0.7)).rows
    away = {(row[0], row[1]): row[-1] for row in rows[1:]}
    assert len(away) == len(rows) - 1 == 2 * len(AT_TEST) + 1
    for (_, draw), furthest in away.items():
        assert furthest == {"per batch": "0.06", "per scan": "0.44"}[draw]


def test_the_kept_table_has_every_setting_once() -> None:
    with HEAD.open(encoding="utf-8") as file:
        own = list(csv.DictReader(file))
    kind = ("per_batch", "shuffled", "softmax_twice", "seed", "epoch", "statistics")
    assert set(Counter(tuple(line[name] for name in kind) for line in own).values()) == {1}
    told = {tuple(line[name] for name in kind) for line in own}
    for course, twice, seed, epoch in product(head.COURSES, (False, True), head.SEEDS, head.TOLD):
        if course.shuffled or twice:
            setting = (course.per_batch, course.shuffled, twice, seed, epoch)
            for state in STATES if course.shuffled else {AVERAGES[-1]}:
                assert (*map(str, setting), state) in told, (setting, state)


def test_scans_that_come_class_by_class_do_not_train_the_head() -> None:
    with HEAD.open(encoding="utf-8") as file:
        last = [line for line in csv.DictReader(file) if line["epoch"] == "200"]
    reached = {
        line["seed"]: float(line["accuracy"]) for line in last if line["shuffled"] == "False"
    }
    assert len(reached) == len(head.SEEDS)
    mean = sum(reached.values()) / len(reached)
    assert f"{mean:.2f} in the last epoch" in README.read_text(encoding="utf-8")


def test_the_page_shows_what_is_made_of_the_kept_table(found: Findings) -> None:
    text = README.read_text(encoding="utf-8")
    for block, table in blocks(found)[README].items():
        assert filled_block(text, block, table) == text, f"make results: {block}"


def test_training_does_not_notice_what_its_head_is_asked() -> None:
    """Whatever states are tried, dropout among them, epochs go on the same; each has its row."""
    config = OmegaConf.create(
        {
            "optimizer": {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 1e-3},
            "trainer": {"max_epochs": 100},
            "data": {"batch_size": 16},
            "seed": 0,
        }
    )
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 4
    features = torch.randn(40, FEATURES, generator=generator)
    features[torch.arange(40), labels] += 9  # tells the class
    other = features.roll(1, dims=0)  # says another scan's class
    ways = {LAST: {"test": features}, "other": {"test": other}}
    part_labels = {"test": labels.numpy()}
    course = Course(per_batch=False, shuffled=True, epochs=1)
    asked = []
    for names in ([LAST], [LAST, "other"]):
        found = Worked(CLASSES, [features], labels, {n: ways[n] for n in names}, part_labels)
        rows = list(head.trained(config, course, found, seed=0, twice=False))
        assert len(rows) == 2 * (len(names) + 1)
        asked.append([row for row in rows if row["statistics"] == LAST])
        ends = {row["statistics"]: row["test_accuracy"] for row in rows if row["epoch"] == 100}
        assert ends[LAST] == 1 and ends.get("other", 0) == 0
    assert asked[0] == asked[1]


def alike(scans: Tensor) -> bool:
    return bool((scans == scans[0]).all())


def test_the_page_s_lines_do_what_it_says(tmp_path: Path) -> None:
    """The first gives equal scans equal draws, the others do not."""
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    wrong, right, usual = (line.split("#")[0].strip() for line in code.splitlines())
    scan = drawn_scans()[:1]
    known = {"chain": CHAIN, "batch": scan.expand(8, -1, -1, -1), "torch": torch}
    torch.manual_seed(0)
    for line, same in ((wrong, True), (right, False)):
        local = dict(known)
        exec(line, local)
        assert alike(local["batch"]) == same, line
    for label in ("a", "b"):
        for number in range(4):
            path = tmp_path / label / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            v2.functional.to_pil_image(scan[0]).save(path)
    local = {"ImageFolder": ImageFolder, "root": tmp_path}
    local["chain"] = v2.Compose([v2.PILToTensor(), CHAIN])
    exec(usual, local)
    assert not alike(torch.stack([own for own, _ in local["scans"]]))
