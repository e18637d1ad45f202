"""Scores by the share of the training groups."""

from pathlib import Path

import numpy as np

from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import paired_bootstrap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count_range,
    format_difference,
    format_interval,
    format_percent_range,
    format_score,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings, over_seeds
from experiments.heads import SEEDS, each_seed, of_seeds, read_answers, together
from experiments.how_much_data.shares import (
    GBMNET,
    HEAD,
    SHARES,
    SPLITS,
    Kept,
    answer_name,
    some_groups,
)
from experiments.kept_table import Line, read_table
from experiments.seeds_and_groups import Term, sure_of

README = Path(__file__).with_name("README.md")
SCORE = "balanced_accuracy"
MORE = "more than the row above"
NOTE = (
    "their answers stand together. In brackets 95 % intervals over groups of test scans; under "
    '"other draws too" also over what is drawn for training, as far as three draws tell. Of the '
    "seeds the smallest and the largest."
)
SCORED = ("balanced accuracy", "its seeds", MORE, f"{MORE}, other draws too")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    tables = {
        "shares": shares_table(HEAD, "Three seeds draw the groups and train the head"),
        "gbmnet": gbmnet_table(),
        "relatives": relatives_table(),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def shares_table(network: Kept, seeds: str) -> DataTable:
    """Lay out what a network scores that was trained on some of the groups.

    Args:
        network: What is kept of it.
        seeds: What the note begins with: what three seeds did.
    """
    classes, answers = read_answers(network.answers)
    parts = read_table(network.parts)
    rows = []
    for split in SPLITS:
        for share, before in zip(SHARES, (None, *SHARES), strict=False):
            own = together(answers, f"{split} {share}")
            scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
            gains = [UNKNOWN, UNKNOWN]
            if before is not None:
                ends = ((1.0, share), (-1.0, before))
                terms = [Term(sign, of_seeds(answers, f"{split} {which}")) for sign, which in ends]
                gain = sure_of(terms, len(classes))
                gains = [format_difference(gain.over_groups), format_difference(gain.over_both)]
            trained = [p for p in parts if (p["split"], p["share"]) == (split, str(share))]
            rows.append(
                [
                    split,
                    f"{share} %",
                    *(
                        format_count_range([int(part[kind]) for part in trained])
                        for kind in ("groups", "scans")
                    ),
                    format_percent_range([int(p["known"]) / int(p["test"]) for p in trained]),
                    format_interval(scores.overall[SCORE]),
                    over_seeds(each_seed(answers, f"{split} {share}")),
                    *gains,
                    format_interval(scores.recalls[classes.index("meningioma")]),
                ]
            )
    columns = ["split", "share", "training groups", "training scans", "known from training"]
    columns += [*SCORED, "recall of meningioma"]
    note = (
        f"{seeds}; {NOTE} Known from training: test scans that share a group with a training scan."
    )
    return DataTable("Scores by the share of training groups", columns, rows, note, 2)


def gbmnet_table() -> DataTable:
    """Lay out what GBMnet scores, and what the other network's head says of the same scans."""
    seeds = "Three seeds draw the groups and train the network"
    table = shares_table(GBMNET, seeds)
    lines = read_table(GBMNET.answers)
    rows = []
    for split in SPLITS:
        tested = {line["path"] for line in lines if line[answer_name(split, SHARES[0], SEEDS[0])]}

        def wanted(line: Line, tested: set[str] = tested) -> bool:
            return line["path"] in tested

        classes, own = read_answers(GBMNET.answers, wanted)
        heads = read_answers(HEAD.answers, wanted)[1]
        for share in SHARES:
            network, head = (together(given, f"{split} {share}") for given in (own, heads))
            scores = bootstrap_scores(head.labels, head.predicted, head.groups, len(classes))
            ahead = paired_bootstrap(network, head, len(classes))[SCORE]
            rows.append([format_interval(scores.overall[SCORE]), format_difference(ahead)])
    kept = [table.columns.index(name) for name in ("split", "share", "training scans", *SCORED)]
    columns = [*(table.columns[one] for one in kept), "the head, same scans"]
    return DataTable(
        f"{table.title}, GBMnet",
        [*columns, "the head less GBMnet"],
        [[*(own[one] for one in kept), *more] for own, more in zip(table.rows, rows, strict=True)],
        f"{seeds}; {NOTE} The head is that of the first table.",
        2,
    )


def relatives_table() -> DataTable:
    """Lay out the accuracy on the report's test scans, those with relatives in training apart."""
    lines = read_table(HEAD.answers)
    classes = sorted({line["label"] for line in lines})
    labels = np.array([classes.index(line["label"]) for line in lines], np.int64)
    groups = np.array([int(line["group"]) for line in lines], np.int64)
    tested = np.array([bool(line[answer_name("report", SHARES[0], SEEDS[0])]) for line in lines])
    train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
    rows = []
    for share in SHARES:
        shares, found = [], []
        for seed in SEEDS:
            drawn = some_groups(train, labels, groups, share, seed)
            known = np.isin(groups[test], groups[drawn])
            names = [answer_name(split, share, seed) for split in SPLITS]
            right = np.array(
                [[lines[row][name] == lines[row]["label"] for row in test] for name in names]
            )
            shares.append(float(known.mean()))
            found.append([right[:, part].mean(axis=1) for part in (known, ~known)])
        means = np.mean(found, axis=0).flatten().tolist()
        rows.append([f"{share} %", format_percent_range(shares), *map(format_score, means)])
    columns = ["share", "known from training under report"]
    columns += [f"{which}: {split}" for which in ("known", "others") for split in SPLITS]
    note = (
        "Accuracy on the report's test scans, means of three seeds: of heads trained under its "
        "split, and of those over patients, which know none of them."
    )
    return DataTable("What relatives in training do for a test scan", columns, rows, note)
