"""What the report states, beside what experiments found, and whether it holds."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from brain_tumor.report.numbers import UNKNOWN, counted, percent_range, score, whole
from brain_tumor.report.page import DataTable

Values = Mapping[str, Any]
Row = list[str]

HOLDS, FAILS, OPEN, NOT_RUN = "holds", "does not hold", "not decided", "not run"
IN_BOTH = "Testing scans that Training holds"  # as audit.json calls this step
NAMES = {"gbmnet": "GBMnet", "mobilenetv2": "GBM_MobileNetV2net"}


def statements_table(found: Mapping[str, Values], audit: Values, published: Values) -> DataTable:
    """Lay the report's statements out, a row for each that experiments are about.

    Args:
        found: Content of `comparison.json` by the experiment's name: `as_reported`, `evidence` and
            `width`; one that is missing leaves its rows out.
        audit: The content of `audit.json`.
        published: `counts` and `results` of the report, as `conf/published` has them.
    """
    rows = [*_about_scans(audit)]
    if "as_reported" in found:
        rows += _about_curves(found["as_reported"])
        rows += _about_scores(found["as_reported"], published["results"])
        rows += _about_cost(found["as_reported"])
    both = [found[name] for name in ("as_reported", "evidence") if name in found]
    for content in both:
        rows += _about_which_is_better(content, published["results"])
    for content in both:
        rows += _about_weak_class(content, published["results"], audit)
    if "width" in found:
        rows += _about_width(found["width"])
    return DataTable(
        "The report's statements, and what was found here",
        ["the report says", "its number", "found here", "so it"],
        rows,
        "In brackets 95 % intervals over groups of scans that belong together; how much another "
        "training would change is not in them. The report trained for 200 epochs at a rate of "
        "1e-05.",
        text_columns=4,
    )


def _about_scans(audit: Values) -> list[Row]:
    steps = audit["report"]["steps"]
    numbers = [", ".join(whole(step[kind]) for step in steps) for kind in ("report", "measured")]
    permuted = [
        f"its {row['report_class']} is the folder {row['folder']}"
        for row in audit["report"]["rows"]
        if row["report_class"] != row["folder"]
    ]
    names = ", ".join(permuted) or "the folders' own"
    removed = next(step["report"] for step in steps if step["step"] == IN_BOTH)
    known = audit["patients"]
    shared = {
        kind: [split["overlaps"][kind]["share_of_all"] for split in _drawn_as_reported(audit)]
        for kind in ("any", "slice")
    }
    same = (
        f"{whole(known['scans'])} of them are {counted(known['slices'], 'slice')} of "
        f"{counted(known['patients'], 'patient')}"
    )
    return [
        [
            "The scans are “presumably from different patients”",
            whole(audit["report"]["steps"][0]["report"]),
            same,
            HOLDS if known["scans"] <= known["patients"] else FAILS,
        ],
        [
            "Scans; duplicates in Training, in Testing, in both; scans left",
            *numbers,
            HOLDS if numbers[0] == numbers[1] else FAILS,
        ],
        [
            "Removing duplicates prevents leakage into the test part",
            f"{whole(removed)} removed from Testing",
            f"{percent_range(shared['any'])} of the test scans have a relative among those of "
            f"training, {percent_range(shared['slice'])} the same slice",
            HOLDS if max(shared["any"]) == 0 else FAILS,
        ],
        [
            "Its classes are those that it names",
            "by their counts",
            names,
            FAILS if permuted else HOLDS,
        ],
    ]


def _drawn_as_reported(audit: Values) -> list[Values]:
    return [split for split in audit["leakage"] if split["split"] == "report"]


def _about_curves(content: Values) -> list[Row]:
    rows = []
    for record in content["published"]:
        network = NAMES[content["settings"][record["setting"] - 1]["model"]]
        for point in record["curve"]:
            ours = point["ours"]
            said = f"{network}: training accuracy at epoch {point['epoch']}"
            rows.append(
                [
                    said,
                    f"{point['report']:.4f}",
                    score(ours, decimals=4),
                    NOT_RUN if ours is None else _away(ours, point["report"]),
                ]
            )
    return rows


def _about_scores(content: Values, results: Values) -> list[Row]:
    rows = []
    for setting in content["settings"]:
        if setting["split"] != "report" or setting["model"] not in results:
            continue
        theirs = results[setting["model"]]["test"]["accuracy"]
        ours = setting["pooled"]["intervals"]["accuracy"]
        epochs = sorted({run["epochs"] for run in setting["runs"]})
        last = max(results[setting["model"]]["curve"])
        inside = ours["low"] <= theirs <= ours["high"]
        verdict = HOLDS if inside else _away(ours["value"], theirs)
        rows.append(
            [
                f"{NAMES[setting['model']]}: test accuracy after {last} epochs",
                f"{theirs:.4f}",
                f"{_told(ours)} {_trained([setting])}",
                verdict if epochs == [last] else NOT_RUN,
            ]
        )
    return rows


def _about_cost(content: Values) -> list[Row]:
    costs = {setting["model"]: setting["complexity"] for setting in content["settings"]}
    small, large = costs.get("gbmnet"), costs.get("mobilenetv2")
    if small is None or large is None:
        return []
    more = [
        f"{whole(cost['parameters'])} parameters, {cost['multiply_accumulates'] / 1e6:.0f} million "
        "multiply-accumulates"
        for cost in (small, large)
    ]
    fewer = {
        name: small[key] < large[key]
        for name, key in (("parameters", "parameters"), ("multiplications", "multiply_accumulates"))
    }
    less = [name for name, holds in fewer.items() if holds]
    verdict = HOLDS if len(less) == len(fewer) else f"holds for {less[0]} alone" if less else FAILS
    return [
        [
            "GBMnet is the lightweight one",
            "“lightweight”; “reduced depth and parameter numbers”",
            f"{more[0]}; {NAMES['mobilenetv2']} {more[1]}",
            verdict,
        ]
    ]


def _about_which_is_better(content: Values, results: Values) -> list[Row]:
    rows = []
    gain = results["gbmnet"]["test"]["accuracy"] - results["mobilenetv2"]["test"]["accuracy"]
    for pair in content["pairs"]:
        both = [content["settings"][pair[side] - 1] for side in ("first", "second")]
        models = [setting["model"] for setting in both]
        if sorted(models) != ["gbmnet", "mobilenetv2"] or both[0]["split"] != both[1]["split"]:
            continue
        ends = pair["differences"]["accuracy"]  # second less first
        value, low, high = ends["value"], ends["low"], ends["high"]
        if models[0] == "gbmnet":
            value, low, high = -value, -high, -low
        verdict = HOLDS if low > 0 else FAILS if high < 0 else OPEN
        rows.append(
            [
                f"GBMnet's test accuracy is higher ({both[0]['split']} split)",
                f"{gain:+.3f}",
                f"{value:+.3f} ({low:+.3f} to {high:+.3f}) {_trained(both)}",
                verdict,
            ]
        )
    return rows


def _about_weak_class(content: Values, results: Values, audit: Values) -> list[Row]:
    """Ask of the class with the report's least recall: its name, or the scans that it counts?"""
    folder_of = {row["report_class"]: row["folder"] for row in audit["report"]["rows"]}
    rows = []
    for setting in content["settings"]:
        theirs = results.get(setting["model"])
        if theirs is None:
            continue
        said = {name: found[1] for name, found in theirs["test"]["per_class"].items()}
        least = min(said, key=lambda name: said[name])
        counted_as = folder_of[least]
        pooled = setting["pooled"]
        recalls = dict(
            zip(pooled["scores"]["per_class"], pooled["intervals"]["recalls"], strict=True)
        )
        ours = min(recalls, key=lambda name: float(recalls[name]["value"]))
        held = {name: name == ours for name in (least, counted_as)}
        rows.append(
            [
                f"{NAMES[setting['model']]}: {least} is found least ({setting['split']} split)",
                f"recall {said[least]:.2f}, of as many scans as {counted_as} has",
                f"{ours}, recall {_told(recalls[ours])} {_trained([setting])}",
                HOLDS
                if all(held.values())
                else f"{HOLDS} for these scans, not for that name"
                if held[counted_as]
                else FAILS,
            ]
        )
    return rows


def _about_width(content: Values) -> list[Row]:
    found = {}
    for setting in content["settings"]:
        reached = [run["training_accuracy"] for run in setting["runs"]]
        if setting["values"]["model.head"] == "flatten" and None not in reached:
            found[int(setting["values"]["model.width"])] = sum(reached) / len(reached)
    widths = sorted(found, reverse=True)
    if len(widths) < 2:
        return []
    falls = all(found[wide] > found[narrow] for wide, narrow in pairwise(widths))
    top = all(found[widths[0]] > found[narrow] for narrow in widths[1:])
    told = ", ".join(f"{width}: {found[width]:.3f}" for width in widths)
    told += f" {_trained(content['settings'])}"
    seeds = max(setting["seeds"] for setting in content["settings"])
    verdict = f"{HOLDS if top else FAILS}, with {counted(seeds, 'seed')}"
    return [
        [
            f"Fewer neurons than {widths[0]} lower the training accuracy",
            UNKNOWN,
            told + ("" if falls or not top else " (not in order)"),
            verdict,
        ]
    ]


def _away(ours: float, theirs: float) -> str:
    return f"is {abs(ours - theirs):.3f} {'higher' if ours > theirs else 'lower'} here"


def _trained(settings: Sequence[Values]) -> str:
    epochs = sorted({run["epochs"] for setting in settings for run in setting["runs"]})
    rates = sorted({setting["values"]["optimizer.lr"] for setting in settings})
    counts = " and ".join(counted(epoch, "epoch") for epoch in epochs)
    return f"after {counts} at a rate of {' and '.join(f'{rate:g}' for rate in rates)}"


def _told(found: Values) -> str:
    return score(found["value"], found["low"], found["high"])
