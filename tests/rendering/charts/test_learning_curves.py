import numpy as np
from drawn import check_whole, legend_texts
from matplotlib.colors import to_hex

from brain_tumor.rendering.charts.learning_curves import Run, compared_curves, learning_curves
from brain_tumor.rendering.charts.style import COLOURS

EPOCHS = list(range(1, 31))


def history(seed: int = 0, every: int = 1) -> dict[str, list[float | None]]:
    noise = np.random.default_rng(seed)
    fall = np.exp(-np.array(EPOCHS) / 8)
    found: dict[str, list[float | None]] = {}
    for part in ("train", "val"):
        measured = 1.3 * fall + noise.uniform(0, 0.1, 30)
        right = 0.9 - 0.6 * fall + noise.uniform(0, 0.05, 30)
        columns = {"loss": measured, "accuracy": right, "balanced_accuracy": right, "f1/a": right}
        for name, values in columns.items():
            step = every if part == "val" else 1
            found[f"{part}/{name}"] = [None if i % step else float(v) for i, v in enumerate(values)]
    return found


def test_cost_and_accuracy_of_both_parts_are_drawn() -> None:
    given = history()
    figure = learning_curves(given, EPOCHS, "gbmnet, patient split")
    cost, accuracy = figure.axes
    assert (cost.get_ylabel(), accuracy.get_ylabel()) == ("cost", "accuracy")
    assert cost.get_xlabel() == accuracy.get_xlabel() == "epoch"
    for axes, measure in ((cost, "loss"), (accuracy, "accuracy")):
        for shown, part in zip(axes.lines, ("train", "val"), strict=True):
            np.testing.assert_array_equal(shown.get_xdata(), EPOCHS)
            np.testing.assert_array_equal(shown.get_ydata(), given[f"{part}/{measure}"])
    assert [to_hex(shown.get_color()) for shown in cost.lines] == [c.lower() for c in COLOURS[:2]]
    assert legend_texts(figure) == ["training", "validation"]
    assert (cost.get_ylim()[0], accuracy.get_ylim()[1]) == (0, 1)
    check_whole(figure)


def test_epochs_without_a_score_are_passed_over_and_no_number_is_a_gap() -> None:
    values = {"train/loss": [1.0, float("nan"), 0.5], "test/loss": [0.9, None, 0.8]}
    cost, accuracy = learning_curves(values, [1, 2, 3], "a").axes
    train, test = cost.lines
    np.testing.assert_array_equal(train.get_ydata(), values["train/loss"])
    np.testing.assert_array_equal(test.get_xydata(), [[1, 0.9], [3, 0.8]])
    # So few points would be missed as a line alone.
    many = learning_curves(history(), EPOCHS, "a").axes[0].lines[0]
    assert (test.get_marker(), many.get_marker()) == ("o", "")
    assert not accuracy.lines


def runs() -> list[Run]:
    settings = ["gbmnet, patient split", "mobilenetv2, patient split", "gbmnet, patient split"]
    return [(label, EPOCHS, history(seed, every=5)) for seed, label in enumerate(settings)]


def test_runs_of_a_setting_have_one_colour() -> None:
    figure = compared_curves(runs(), "three runs")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["training"] * 2 + [
        "validation"
    ] * 2
    assert [axes.get_ylabel() for axes in figure.axes] == ["cost", "balanced accuracy"] * 2
    for axes in figure.axes:
        colours = [to_hex(shown.get_color()) for shown in axes.lines]
        assert colours[0] == colours[2] != colours[1]
        assert axes.lines[0].get_linewidth() < axes.lines[1].get_linewidth()
    assert legend_texts(figure) == ["gbmnet, patient split (2 runs)", "mobilenetv2, patient split"]
    check_whole(figure)


def test_a_long_label_is_broken_and_not_cut() -> None:
    long = "mobilenetv2, report split, blur_sigma=[0.1, 5.0], " + "frozen_statistics=false, " * 5
    plain, broken = (
        compared_curves([(label, EPOCHS, history(0, every=5))], "one") for label in ("a", long)
    )
    check_whole(broken)
    (told,) = legend_texts(broken)
    assert told.split() == long.split()
    assert broken.get_figheight() > plain.get_figheight()


def test_nothing_lies_outside_shared_axes() -> None:
    low: Run = ("low", [1, 2], {"train/loss": [0.1, 0.2], "train/balanced_accuracy": [0.9, 0.9]})
    high: Run = ("high", [1, 2], {"val/loss": [9.0, 8.0], "val/balanced_accuracy": [0.1, 0.2]})
    for axes in compared_curves([low, high], "two").axes:
        bottom, top = axes.get_ylim()
        for shown in axes.lines:
            assert bottom <= min(shown.get_ydata()) and max(shown.get_ydata()) <= top
