"""Make every table of `experiments/` that comes from kept runs, the summary, and the README's.

    python experiments/results.py            (make results)

Each folder with `runs/` (`keep.py` fills it) gets `comparison.md`, which
`python -m brain_tumor.compare` would make of it, and the figures shown there. Between two lines
like `<!-- statements -->` and `<!-- end of statements -->` other pages get their tables: the
report's statements beside what was found (this folder's README and the project's), both networks
under each split (the project's and that of `evidence`), the scores of all settings (this folder's),
and what single experiments lay out in a table of their own. Where an experiment only shows what a
change does, runs of another one stand beside its own (`BESIDE`).
"""

import csv
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from brain_tumor.report.blocks import filled_block
from brain_tumor.report.certainty import cell
from brain_tumor.report.comparison import comparison_markdown, settings_table
from brain_tumor.report.numbers import UNKNOWN, percent_range, score, whole
from brain_tumor.report.page import DataTable, to_markdown
from brain_tumor.report.pairs import difference
from brain_tumor.report.statements import NAMES, statements_table
from brain_tumor.runtime.command import conf_folder
from brain_tumor.runtime.comparing import compare_runs
from brain_tumor.runtime.comparison_figures import draw_comparison
from brain_tumor.runtime.evidence import evidence_settings
from brain_tumor.runtime.finished import FinishedRun, read_run
from brain_tumor.runtime.gathering import Members
from brain_tumor.runtime.history import History
from brain_tumor.runtime.run.run_folder import RunFolder

HERE = Path(__file__).resolve().parent
FRONT, SUMMARY = HERE.parent / "README.md", HERE / "README.md"
TRIALS = HERE / "best_patient" / "trials"
LEVEL = 0.95  # of intervals, as conf/evaluation has it
AUDIT = json.loads((HERE / "leakage" / "audit.json").read_text(encoding="utf-8"))
SCANS = ("as prepared", "harmonised")
HEADS = {"flatten": "flattened", "gap": "averaged"}
WEAK = "meningioma"  # the report's row with as many scans has its least recall
LONG = HERE / "open_settings" / "long_head.csv"
# What `long_head.py` tries: `softmax_twice` and `frozen_statistics` of its table.
SHORT_WAYS = {
    "plain": ("False", "True"),
    "a second softmax": ("True", "True"),
    "free batch normalisation": ("False", "False"),
    "both": ("True", "False"),
}
# Without the change that an experiment is about: runs of another one, as a glob.
BESIDE = {"harmonised": "evidence/runs/*-patient-*"}
Compared = tuple[DictConfig, list[Members], dict[str, Any]]


def compared(folder: Path) -> Compared:
    """Compare the runs that an experiment keeps, as `compare` does.

    Args:
        folder: The experiment's.

    Returns:
        The configuration, the runs of each setting, and what `comparison.json` would hold.
    """
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("compare", ["different_scans=true", "folder=."])
    beside = [str(HERE / BESIDE[folder.name])] if folder.name in BESIDE else []
    config.runs = [*beside, str(folder / "runs")]
    members, content = compare_runs(config)
    for setting in content["settings"]:
        for run in setting["runs"]:
            run["folder"] = os.path.relpath(run["folder"], folder)
    return config, members, content


def filled(experiments: dict[str, Compared]) -> dict[Path, str]:
    """Give every text that is made, by its place.

    Args:
        experiments: By the name of their folder.
    """
    contents = {name: content for name, (_, _, content) in experiments.items()}
    published = OmegaConf.to_container(next(iter(experiments.values()))[0].published)
    statements = to_markdown(statements_table(contents, AUDIT, published))
    scores = [
        f"[{name}]({name}/README.md)\n\n{to_markdown(settings_table(content['settings'], LEVEL))}"
        for name, content in contents.items()
    ]
    trials = to_markdown(trials_table(TRIALS))
    splits = to_markdown(splits_table(contents["evidence"]))
    tables = {
        FRONT: {"statements": statements, "splits": splits},
        SUMMARY: {"statements": statements, "scores": "\n\n".join(scores)},
        TRIALS.parent / "README.md": {"trials": trials},
        HERE / "width" / "README.md": {"training": to_markdown(widths_table(contents["width"]))},
        LONG.parent / "README.md": {
            "curves": to_markdown(curves_table(published)),
            "long": to_markdown(long_table(published)),
        },
        HERE / "as_reported" / "README.md": {"reached": to_markdown(reached_table(published))},
        HERE / "evidence" / "README.md": {"splits": splits},
        HERE / "harmonised" / "README.md": {
            "harmonised": to_markdown(harmonised_table(contents["harmonised"]))
        },
    }
    made = {
        HERE / name / "comparison.md": comparison_markdown(content)
        for name, (_, _, content) in experiments.items()
    }
    for path, blocks in tables.items():
        made[path] = path.read_text(encoding="utf-8")
        for name, text in blocks.items():
            made[path] = filled_block(made[path], name, text)
    return made


def trials_table(folder: Path) -> DataTable:
    """Lay trials out by what their validation scans say, clean and corrupted."""
    rows = []
    for place in sorted(folder.iterdir()):
        trial = RunFolder(place)
        worse = trial.read_json("robustness_validation.json")
        rows.append(
            [
                str(trial.read_config().name),
                cell(worse["clean"]["balanced_accuracy"]),
                *map(score, worse["by_strength"]),
                cell(worse["mean"]),
                cell(worse["lost"]),
            ]
        )
    strengths = [f"strength {number}" for number in range(1, 6)]
    columns = ["trial", "balanced accuracy", *strengths, "mean over corruptions", "lost"]
    note = (
        "Validation scans of fold 0 alone; in brackets 95 % intervals over groups of scans. "
        "Balanced accuracy under 14 corruptions, each at five strengths: means over corruptions."
    )
    return DataTable("Trials", columns, rows, note)


def splits_table(content: dict[str, Any]) -> DataTable:
    """Lay out what both networks score under each split, and which of them is ahead."""
    settings = content["settings"]
    numbers = {(own["split"], own["model"]): n for n, own in enumerate(settings, start=1)}
    ahead = {(pair["first"], pair["second"]): pair["differences"] for pair in content["pairs"]}
    rows = []
    for split in ("report", "official", "patient"):
        small, large = numbers[split, "gbmnet"], numbers[split, "mobilenetv2"]
        both = [settings[number - 1] for number in (small, large)]
        known = [leak["overlaps"]["any"]["share_of_all"] for leak in both[0]["leakage"]]
        scores = [cell(own["pooled"]["intervals"]["balanced_accuracy"]) for own in both]
        told = difference(ahead[small, large]["balanced_accuracy"])
        scans = whole(both[0]["pooled"]["scans"])
        rows.append([split, scans, percent_range(known), *scores, told])
    columns = ["split", "test scans", "known from training", *NAMES.values(), "second less first"]
    note = (
        "Balanced accuracy, in brackets 95 % intervals over groups of scans. Known from training: "
        "test scans that share patient, slice or a near-duplicate with a scan trained on."
    )
    return DataTable("Both networks under each split", columns, rows, note)


def harmonised_table(content: dict[str, Any]) -> DataTable:
    """Lay out what trained networks score on scans without the shortcuts, and with them."""
    settings = content["settings"]
    numbers = {(own["model"], own["values"]["name"]): n for n, own in enumerate(settings, start=1)}
    ahead = {(pair["first"], pair["second"]): pair["differences"] for pair in content["pairs"]}
    rows = []
    for model, network in NAMES.items():
        both = (numbers[model, "evidence"], numbers[model, "harmonised"])
        told = difference(ahead[both]["balanced_accuracy"])
        for number, scans, lost in zip(both, SCANS, (UNKNOWN, told), strict=True):
            own = settings[number - 1]
            intervals, tumour = own["pooled"]["intervals"], own["confidence"]["tumour"]
            found = [intervals["balanced_accuracy"], tumour["sensitivity"], tumour["specificity"]]
            rows.append([network, scans, *map(cell, found), lost])
    columns = ["network", "scans", "balanced accuracy", "sensitivity", "specificity", "paired"]
    note = (
        "Test scans of four folds; in brackets 95 % intervals over groups of scans. Sensitivity "
        "and specificity are those of a tumour, at a probability of one half. Paired: balanced "
        "accuracy, harmonised less as prepared, on the same scans."
    )
    return DataTable("With the shortcuts, and without", columns, rows, note, 2)


def widths_table(content: dict[str, Any]) -> DataTable:
    """Lay out what training scored in the last epoch, and the test part, by head and width."""
    rows = []
    for setting in content["settings"]:
        reached = [run["training_accuracy"] for run in setting["runs"]]
        rows.append(
            [
                HEADS[setting["values"]["model.head"]],
                str(setting["values"]["model.width"]),
                whole(setting["complexity"]["parameters"]),
                score(sum(reached) / len(reached)),  # as the report's statement is judged
                score(setting["train"]["scores"]["accuracy"]),
                cell(setting["pooled"]["intervals"]["accuracy"]),
            ]
        )
    columns = ["in front", "neurons", "parameters", "while training", "training scans"]
    rows.sort(key=lambda row: (list(HEADS.values()).index(row[0]), -int(row[1])))
    note = (
        "In front of the fully connected layer: all values of the last maps, or their means. "
        "Accuracy: in the last epoch with augmentation and dropout, as the report takes it; then "
        "of the trained network."
    )
    return DataTable("Accuracy by width", [*columns, "test scans"], rows, note)


def curves_table(published: Any) -> DataTable:
    """Lay out what open settings do by the first epoch that the report tells of."""
    rows = []
    for place in sorted((LONG.parent / "runs").iterdir()):
        run = read_run(place)
        model, parts = run.setting["model.name"], run.metrics["parts"]
        epoch = min(published["results"][model]["curve"])
        theirs = published["results"][model]["curve"][epoch]
        told = [score(value, decimals=4) for value in (theirs, *while_training(run, epoch))]
        weak = parts["test"]["per_class"][WEAK]["recall"]
        plain = (parts["train"]["accuracy"], parts["test"]["accuracy"], weak)
        rows.append([NAMES[model], str(run.setting["name"]), str(epoch), *told, *map(score, plain)])
    rows.sort(key=lambda row: list(NAMES.values()).index(row[0]))
    columns = ["network", "experiment", "epoch", "report: accuracy", "accuracy", "cost"]
    columns += ["training scans", "test scans", f"recall of {WEAK}"]
    note = (
        "Accuracy and cost (nats per scan) of training scans while training, augmented and with "
        "dropout, as the report takes them; then accuracy of the trained network, without either, "
        f"and its recall of {WEAK} among test scans."
    )
    return DataTable("After the first epochs that the report tells of", columns, rows, note, 2)


def reached_table(published: Any) -> DataTable:
    """Lay out how far the report's own recipe got, run by run, beside the report.

    The first of the scored epochs in which training reached the report's last accuracy is told,
    too: what the test scans said by then.
    """
    rows = []
    runs = [read_run(place) for place in sorted((HERE / "as_reported" / "runs").iterdir())]
    for model, network in NAMES.items():
        theirs = published["results"][model]
        first, last = min(theirs["curve"]), max(theirs["curve"])
        for epoch in (first, last):
            ends = [
                theirs.get("cost", {}).get(epoch),
                theirs["test"]["accuracy"],
                named_recalls(theirs)[1],
            ]
            told = [score(value) if epoch == last else UNKNOWN for value in ends]
            rows.append(
                [
                    network,
                    "the report",
                    str(epoch),
                    score(theirs["curve"][epoch], decimals=4),
                    *told,
                ]
            )
        for run in (run for run in runs if run.setting["model.name"] == model):
            curve = run.history
            for epoch in (first, reaching(curve, theirs["curve"][last]), last):
                row = curve["epoch"].index(epoch)
                accuracy, cost = while_training(run, epoch)
                tested = [curve[f"test/{kind}"][row] for kind in ("accuracy", f"recall/{WEAK}")]
                told = [score(accuracy, decimals=4), *map(score, (cost, *tested))]
                rows.append([network, f"seed {run.seed}", str(epoch), *told])
    columns = ["network", "run", "epoch", "training accuracy", "cost", "test accuracy"]
    note = (
        "Training accuracy and cost (nats per scan) while training, augmented and with dropout. "
        "The epoch in between is the first scored one in which a run has the report's last "
        f"training accuracy. The report's recall of {WEAK} is that of its row with as many scans."
    )
    title = "How far the report's recipe got"
    return DataTable(title, [*columns, f"recall of {WEAK}, test scans"], rows, note, 2)


def reaching(curve: History, accuracy: float) -> int:
    """Give the first epoch with a scored test part whose training accuracy is as high."""
    rows = zip(curve["train/accuracy"], curve["test/accuracy"], strict=True)
    return next(
        epoch
        for epoch, (own, test) in enumerate(rows, start=1)
        if own is not None and test is not None and own >= accuracy
    )


def named_recalls(theirs: Any) -> list[float]:
    """Give the report's recalls of the weak class' scans, of training and test, by their count."""
    named = {row["report_class"]: row["folder"] for row in AUDIT["report"]["rows"]}
    return [
        {named[name]: found[1] for name, found in theirs[part]["per_class"].items()}[WEAK]
        for part in ("train", "test")
    ]


def while_training(run: FinishedRun, epoch: int) -> tuple[float | None, float | None]:
    """Give accuracy and cost of the training scans in an epoch, augmented and with dropout."""
    row = run.history["epoch"].index(epoch)
    return run.history["train/accuracy"][row], run.history["train/loss"][row]


def long_table(published: Any) -> DataTable:
    """Lay out what `long_head.py` found, beside the report: means over seeds, and how far apart."""
    with LONG.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    theirs = published["results"]["mobilenetv2"]
    recalls = named_recalls(theirs)
    kinds = ["accuracy", "cost", f"train_recall_{WEAK}", "test_accuracy", f"test_recall_{WEAK}"]
    (place,) = (HERE / "as_reported" / "runs").glob("*-mobilenetv2-*")
    whole_run = read_run(place)
    train, test = (whole_run.metrics["parts"][part] for part in ("train", "test"))
    reached = [train["per_class"][WEAK]["recall"]]
    reached += [test["accuracy"], test["per_class"][WEAK]["recall"]]
    rows = []
    for epoch in theirs["curve"]:
        last = epoch == max(theirs["curve"])
        ends = [theirs["cost"].get(epoch), recalls[0], theirs["test"]["accuracy"], recalls[1]]
        told = [score(value) if last else UNKNOWN for value in ends]
        rows.append(["the report", str(epoch), score(theirs["curve"][epoch]), *told])
        for setting, chosen in SHORT_WAYS.items():
            own = [
                line
                for line in lines
                if (line["softmax_twice"], line["frozen_statistics"]) == chosen
                and int(line["epoch"]) == epoch
            ]
            spread = [[float(line[kind]) for line in own] for kind in kinds]
            cells = [score(sum(one) / len(one), min(one), max(one)) for one in spread]
            rows.append([setting, str(epoch), *cells])
        told = [score(value) if last else UNKNOWN for value in reached]
        rows.append(
            [
                "plain, trained whole",
                str(epoch),
                *map(score, while_training(whole_run, epoch)),
                *told,
            ]
        )
    columns = ["setting", "epoch", "training accuracy", "cost"]
    columns.append(f"recall of {WEAK}, training scans")
    columns += ["test accuracy", f"recall of {WEAK}, test scans"]
    note = (
        "Means over three seeds of the head, in brackets the smallest and the largest. Training "
        f"accuracy and cost while training. The report's recalls of {WEAK} are those of its row "
        "with as many scans."
    )
    return DataTable("The transfer model's 200 epochs", columns, rows, note, 2)


def draw(name: str, experiment: Compared) -> None:
    """Draw the figures that an experiment's pages show; no scan is among them."""
    config, members, content = experiment
    folder = HERE / name
    texts = [(folder / page).read_text(encoding="utf-8") for page in ("README.md", "comparison.md")]
    shown = set(re.findall(r"\]\(figures/(\w+\.png)\)", "\n".join(texts)))
    with tempfile.TemporaryDirectory() as place:
        draw_comparison(
            RunFolder(Path(place)), members, content, evidence_settings(config.evaluation)
        )
        (folder / "figures").mkdir(exist_ok=True)
        for picture in shown:
            shutil.copy(Path(place) / "figures" / picture, folder / "figures" / picture)


def kept() -> list[Path]:
    """Give the folders of the experiments that keep their runs."""
    return sorted(path.parent for path in HERE.glob("*/runs"))


if __name__ == "__main__":
    found = {folder.name: compared(folder) for folder in kept()}
    for path, text in filled(found).items():
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.relative_to(HERE.parent)}")
    for name, experiment in found.items():
        draw(name, experiment)
