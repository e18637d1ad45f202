"""The picture on the front page: three recipes, scored with patients on both sides and without."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from brain_tumor.compare.comparison import Comparison
from brain_tumor.rendering.charts.style import COLOURS, dress, new_figure
from experiments.findings import HERE

PICTURE = HERE / "evidence" / "shared_patients.png"
SCORE = "balanced_accuracy"
# A recipe: its network, and the experiments that keep its runs under either split. Their settings
# are the same but for the split, and for the validation part that it cuts or not.
RECIPES = {
    "GBMnet": ("gbmnet", {"report": "evidence", "patient": "evidence"}),
    "MobileNetV2, frozen": ("mobilenetv2", {"report": "evidence", "patient": "evidence"}),
    "MobileNetV2, fine-tuned": (
        "mobilenetv2",
        {"report": "best_report", "patient": "best_patient"},
    ),
}
LABELS = {
    "report": "patients on both sides (the report's split)",
    "patient": "no patient on both sides",
}


def shared_patients(compared: Mapping[str, Comparison]) -> Figure:
    """Draw balanced accuracy with its interval, of each recipe under both splits.

    Args:
        compared: The comparison of an experiment's runs, by its folder's name.
    """
    figure = new_figure(7, 2.6, "The same recipe, with and without shared patients")
    axes = figure.subplots()
    for line, (split, label) in enumerate(LABELS.items()):
        for row, (network, experiments) in enumerate(RECIPES.values()):
            low, middle, high = _interval(compared[experiments[split]], network, split)
            place = row + (line - 0.5) * 0.28
            colour = COLOURS[1 - line]
            axes.plot([low, high], [place, place], color=colour, linewidth=2)
            axes.plot([middle], [place], "o", color=colour, label=label if row == 0 else None)
            axes.annotate(
                f"{middle:.3f}", (high, place), (4, 0), textcoords="offset points", va="center"
            )
    axes.set_yticks(range(len(RECIPES)), list(RECIPES))
    axes.set_ylim(len(RECIPES) - 0.4, -0.6)
    dress(axes, "balanced accuracy on the test part, 95 % interval over groups of scans")
    axes.set_xlim(right=axes.get_xlim()[1] + 0.015)  # room for the last number
    figure.legend(loc="outside lower left", ncols=2, frameon=False)
    return figure


def draw_front(compared: Mapping[str, Comparison], place: Path = PICTURE) -> None:
    """Write the picture."""
    shared_patients(compared).savefig(place, metadata={"Software": None})


def _interval(content: Comparison, network: str, split: str) -> tuple[float, float, float]:
    (setting,) = [own for own in content.settings if (own.model, own.split) == (network, split)]
    pooled = setting.pooled.intervals.overall[SCORE]
    assert pooled is not None, "every class has test scans"
    return pooled.low, pooled.value, pooled.high
