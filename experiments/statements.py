"""What the report states, beside what experiments found, and whether it holds."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from brain_tumor.audit.results.audit import Audit
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.published import Results
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.least_recall import LeastRecall
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_difference,
    format_interval,
    format_percent_range,
    format_score,
)
from brain_tumor.rendering.page import DataTable
from experiments.findings import report_counts
from experiments.verdicts import (
    FAILS,
    HOLDS,
    NOT_RUN,
    OPEN,
    REPORT_RATE,
    UNTESTED,
    at_report_rate,
    at_report_schedule,
    found_least,
    higher,
    standard_error,
    widest_is_highest,
)
from experiments.which_is_better import Compared

Published = Mapping[str, Results]  # the report's results by network
Row = list[str]

IN_BOTH = "Testing scans that Training holds"  # as audit.json calls this step
NAMES = {"gbmnet": "GBMnet", "mobilenetv2": "GBM_MobileNetV2net"}


def statements_table(
    found: Mapping[str, Comparison],
    audit: Audit,
    published: Published,
    compared: Sequence[Compared] = (),
) -> DataTable:
    """Lay the report's statements out, a row for each that experiments are about.

    What a training shows decides a statement only where it had the report's number of epochs and
    its rate; elsewhere the row tells what was found and that this is not tested.

    Args:
        found: Comparisons by the experiment's name: `as_reported`, `evidence` and
            `width`; one that is missing leaves its rows out.
        audit: An audit of the report's scans, with known patients.
        published: The report's results by network.
        compared: Both networks trained alike, with seeds in the interval where there are any.
    """
    rows = [*_about_scans(audit)]
    if "as_reported" in found:
        rows += _about_curves(found["as_reported"])
        rows += _about_scores(found["as_reported"], published)
        rows += _about_cost(found["as_reported"])
    both = [found[name] for name in ("as_reported", "evidence") if name in found]
    for content in both:
        rows += _about_which_is_better(content, published)
    rows += _about_which_is_better_by_heads(compared, published)
    for content in both:
        rows += _about_weak_class(content, published, audit)
    if "width" in found:
        rows += _about_width(found["width"], published)
    return DataTable(
        "The report's statements, and what was found here",
        ["the report says", "its number", "found here", "verdict"],
        rows,
        "In brackets 95 % intervals over groups of scans that belong together; how much another "
        "training would change is in them only where seeds are named. The report trained for "
        f"{max(published['gbmnet'].curve)} epochs at a rate of {REPORT_RATE:g}; what "
        "was trained otherwise decides none of its statements about training. Not decided: the "
        "interval of the difference holds 0, or seeds disagree.",
        text_columns=4,
    )


def _about_scans(audit: Audit) -> list[Row]:
    report, known = report_counts(audit), audit.patients
    assert known is not None, "the audit knows no patients"
    numbers = [
        ", ".join(format_count(step.report) for step in report.steps),
        ", ".join(format_count(step.measured) for step in report.steps),
    ]
    permuted = [
        f"its {row.report_class} is the folder {row.folder}"
        for row in report.rows
        if row.report_class != row.folder
    ]
    names = ", ".join(permuted) or "the folders' own"
    removed = next(step.report for step in report.steps if step.step == IN_BOTH)
    related, same_slice = _shares(audit, "any"), _shares(audit, "slice")
    patients = (
        f"{format_count(known.scans)} of them are {format_counted(known.slices, 'slice')} of "
        f"{format_counted(known.patients, 'patient')}"
    )
    return [
        [
            "The scans are “presumably from different patients”",
            format_count(report.steps[0].report),
            patients,
            HOLDS if known.scans <= known.patients else FAILS,
        ],
        [
            "Scans; duplicates in Training, in Testing, in both; scans left",
            *numbers,
            HOLDS if numbers[0] == numbers[1] else FAILS,
        ],
        [
            "Removing duplicates prevents leakage into the test part",
            f"{format_count(removed)} removed from Testing",
            f"{format_percent_range(related)} of the test scans have a relative among "
            "those of "
            f"training, {format_percent_range(same_slice)} the same slice",
            HOLDS if max(related) == 0 else FAILS,
        ],
        [
            "Its classes are those that it names",
            "by their counts",
            names,
            FAILS if permuted else HOLDS,
        ],
    ]


def _shares(audit: Audit, relation: str) -> list[float]:
    """Give the share of test scans with a relation in training, for each seed of the split."""
    drawn = [variant for variant in audit.leakage if variant.split == "report"]
    shares = [variant.overlaps[relation].share_of_all for variant in drawn]
    return [share for share in shares if share is not None]


def _about_curves(content: Comparison) -> list[Row]:
    rows = []
    for table in content.published:
        setting = content.settings[table.setting - 1]
        network, same = NAMES[setting.model], at_report_rate([setting])
        for point in table.curve:
            ours = point.ours
            said = f"{network}: training accuracy at epoch {point.epoch}"
            rows.append(
                [
                    said,
                    f"{point.report:.4f}",
                    format_score(ours, decimals=4),
                    NOT_RUN if ours is None else _away(ours, point.report) if same else UNTESTED,
                ]
            )
    return rows


def _about_scores(content: Comparison, results: Published) -> list[Row]:
    rows = []
    for setting in content.settings:
        if setting.split != "report" or setting.model not in results:
            continue
        theirs = results[setting.model].test.accuracy
        ours = known(setting.pooled.intervals.overall["accuracy"])
        last = max(results[setting.model].curve)
        inside = ours.low <= theirs <= ours.high
        verdict = HOLDS if inside else _away(ours.value, theirs)
        rows.append(
            [
                f"{NAMES[setting.model]}: test accuracy after {last} epochs",
                f"{theirs:.4f}",
                f"{format_interval(ours)} {_trained([setting])}",
                verdict if at_report_schedule([setting], results[setting.model]) else UNTESTED,
            ]
        )
    return rows


def _about_cost(content: Comparison) -> list[Row]:
    costs = {setting.model: setting.complexity for setting in content.settings}
    small, large = costs.get("gbmnet"), costs.get("mobilenetv2")
    if small is None or large is None:
        return []
    more = [
        f"{format_count(cost.parameters)} parameters, "
        f"{cost.multiply_accumulates / 1e6:.0f} million multiply-accumulates"
        for cost in (small, large)
    ]
    fewer = {
        "parameters": small.parameters < large.parameters,
        "multiplications": small.multiply_accumulates < large.multiply_accumulates,
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


def _about_which_is_better(content: Comparison, results: Published) -> list[Row]:
    rows = []
    gain = results["gbmnet"].test.accuracy - results["mobilenetv2"].test.accuracy
    for pair in content.pairs:
        both = [content.settings[number - 1] for number in (pair.first, pair.second)]
        models = [setting.model for setting in both]
        if sorted(models) != ["gbmnet", "mobilenetv2"] or both[0].split != both[1].split:
            continue
        ends = known(pair.differences["accuracy"])  # second less first
        if models[0] == "gbmnet":
            ends = Interval(-ends.value, -ends.high, -ends.low)
        same = at_report_schedule(both, results["gbmnet"])
        rows.append(
            [
                f"GBMnet's test accuracy is higher ({both[0].split} split)",
                f"{gain:+.3f}",
                f"{format_difference(ends)} {_trained(both)}",
                higher(ends.low, ends.high) if same else UNTESTED,
            ]
        )
    return rows


def _about_which_is_better_by_heads(compared: Sequence[Compared], results: Published) -> list[Row]:
    """Ask the same of trainings at the report's rate, the transfer model's head alone."""
    gain = results["gbmnet"].test.accuracy - results["mobilenetv2"].test.accuracy
    rows = []
    for own in (one for one in compared if not one.whole):
        for split in own.splits:
            found = own.ahead({split: -1}, own.paths([split]), "accuracy")
            if found.over_both is None and split == "report":
                continue  # as it is trained longer, and whole, in another row
            ends, over = found.over_both or found.over_groups, "seeds and groups"
            said = f"{format_difference(ends)} after {own}"
            said += f", over {over}" if found.over_both else ""
            same = own.rate == REPORT_RATE and own.epochs == max(results["gbmnet"].curve)
            row = [f"GBMnet's test accuracy is higher ({split} split)", f"{gain:+.3f}", said]
            rows.append([*row, higher(ends.low, ends.high) if same else UNTESTED])
    return rows


def _about_weak_class(content: Comparison, results: Published, audit: Audit) -> list[Row]:
    """Ask of the class with the report's least recall: its name, or the scans that it counts?"""
    folder_of = {row.report_class: row.folder for row in report_counts(audit).rows}
    rows = []
    for setting in content.settings:
        theirs = results.get(setting.model)
        if theirs is None:
            continue
        said = {name: found[1] for name, found in theirs.test.per_class.items()}
        least = min(said, key=lambda name: said[name])
        counted_as = folder_of[least]
        pooled, ours = setting.pooled, setting.pooled.least_recall
        assert ours is not None, "the report's test part has scans of every class"
        recalls = dict(zip(pooled.scores.classes, pooled.intervals.recalls, strict=True))
        verdict = found_least(ours.candidates, least, counted_as)
        rows.append(
            [
                f"{NAMES[setting.model]}: {least} is found least ({setting.split} split)",
                f"recall {said[least]:.2f}, of as many scans as {counted_as} has",
                f"{ours.name}, recall {format_interval(recalls[ours.name])}, {_next(ours)}, "
                f"{_trained([setting])}",
                verdict if at_report_schedule([setting], theirs) else UNTESTED,
            ]
        )
    return rows


def _next(ours: LeastRecall) -> str:
    """Write how far the class of the second least recall is, and whether seeds agree."""
    name = min(ours.above, key=lambda name: ours.above[name].value)
    distance = f"{name} {format_difference(ours.above[name])} above it"
    seeds = list(dict.fromkeys(ours.by_repeat))
    return f"{distance}, seeds disagree ({', '.join(seeds)})" if len(seeds) > 1 else distance


def _about_width(content: Comparison, results: Published) -> list[Row]:
    settings = [own for own in content.settings if own.values["model.head"] == "flatten"]
    found: dict[int, list[float]] = {}
    for setting in settings:
        reached_by = [run.training_accuracy for run in setting.runs]
        accuracies = [accuracy for accuracy in reached_by if accuracy is not None]
        if len(accuracies) == len(reached_by):
            found[int(setting.values["model.width"])] = accuracies
    if len(found) < 2:
        return []
    scans = min(run.training_scans for setting in settings for run in setting.runs)
    widths = sorted(found, reverse=True)
    reached = ", ".join(f"{width}: {fmean(found[width]):.3f}" for width in widths)
    error = max(standard_error(own, scans) for own in found.values())
    seeds = format_counted(max(setting.seeds for setting in settings), "seed")
    verdict = widest_is_highest(found, scans)
    # The report does not say how it trained narrower layers; what decides nothing needs no such
    # reservation, and the row tells epochs and rate.
    same = verdict == OPEN or at_report_schedule(settings, results["gbmnet"])
    return [
        [
            f"Fewer neurons than {widths[0]} lower the training accuracy",
            UNKNOWN,
            f"{reached}, standard error up to {error:.3f}, {seeds}, {_trained(settings)}",
            verdict if same else UNTESTED,
        ]
    ]


def _away(ours: float, theirs: float) -> str:
    return f"is {abs(ours - theirs):.3f} {'higher' if ours > theirs else 'lower'} here"


def known(found: Interval | None) -> Interval:
    """Give a score of the report's scans: none of them is 0/0."""
    assert found is not None
    return found


def _trained(settings: Sequence[PooledRunGroup]) -> str:
    epochs = sorted({run.epochs or 0 for setting in settings for run in setting.runs})
    rates = sorted({setting.values["optimizer.lr"] for setting in settings})
    counts = " and ".join(format_counted(epoch, "epoch") for epoch in epochs)
    return f"after {counts} at a rate of {' and '.join(f'{rate:g}' for rate in rates)}"
