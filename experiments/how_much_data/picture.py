"""Balanced accuracy over the share of the training groups, drawn from what is kept."""

from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.charts.style import COLOURS, dress, new_figure
from experiments.heads import read_answers, together
from experiments.how_much_data.shares import GBMNET, HEAD, HERE, SHARES, SPLITS


def draw() -> None:
    """Draw a curve for each split, the two networks side by side."""
    kept = {"GBM_MobileNetV2net, its head": HEAD, "GBMnet; over patients one fold": GBMNET}
    figure = new_figure(9, 3.2, "Balanced accuracy by the share of training groups")
    panels = figure.subplots(1, len(kept), sharey=True)
    for axes, (title, network) in zip(panels, kept.items(), strict=True):
        classes, answers = read_answers(network.answers)
        for colour, (split, label) in zip(COLOURS, SPLITS.items(), strict=False):
            ends = []
            for share in SHARES:
                own = together(answers, f"{split} {share}")
                scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
                interval = scores.overall["balanced_accuracy"]
                assert interval is not None, "every class has test scans"
                ends.append((interval.low, interval.value, interval.high))
            low, value, high = zip(*ends, strict=True)
            axes.plot(SHARES, value, "o-", color=colour, label=label)
            axes.fill_between(SHARES, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.set_xscale("log")
        axes.set_xticks(SHARES, [f"{share} %" for share in SHARES])
        axes.minorticks_off()
        dress(axes, "share of the training groups", title=title)
    panels[-1].legend(frameon=False, loc="lower right")
    figure.savefig(HERE / "learning_curve.png", metadata={"Software": None})
