"""The page that lays finished runs side by side, a section for each question."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.compare.page.data_section import data_section, provenance_section
from brain_tumor.compare.page.published_table import published_table
from brain_tumor.compare.page.run_calibration_table import run_calibration_table
from brain_tumor.compare.page.summary import summary_section
from brain_tumor.compare.page.tables import (
    setting_columns,
    setting_tables,
    setting_title,
    shortcut_tables,
)
from brain_tumor.metrics.registry import SCORES
from brain_tumor.rendering.certainty import certainty_table
from brain_tumor.rendering.numbers import format_count, format_counted, format_percent, format_score
from brain_tumor.rendering.page import (
    Block,
    DataTable,
    Heading,
    Notice,
    Page,
    Paragraph,
    Picture,
    Section,
)
from brain_tumor.rendering.pairs import pairs_table

Values = Mapping[str, Any]


def comparison_page(content: Values, pictures: Mapping[str, bytes], folder: str | None) -> Page:
    """Describe the page of a comparison.

    Args:
        content: The content of `comparison.json`.
        pictures: PNG files by name: `curves`, `risk_coverage`, `complexity`, and by number of the
            setting `confusion_1`, `roc_1`, `precision_recall_1`, `reliability_1`, `wrong_1`. One
            that is not given is not shown.
        folder: Folder where the same pictures lie as `<name>.png`, relative to the page; None makes
            no links.
    """
    drawn = _Pictures(pictures, folder)
    titles = [
        setting_title(setting, number) for number, setting in enumerate(content["settings"], 1)
    ]
    sections = []
    if titles:
        sections += [
            summary_section(content, titles),
            data_section(content, titles),
            _curves(drawn),
            _tables(content, titles),
            _figures(titles, drawn),
            _calibration(content, titles, drawn),
            _mistakes(content, titles, drawn),
        ]
    if content["audits"]:
        tables = shortcut_tables(content["audits"], content["audit_split"])
        sections.append(Section("shortcuts", "Shortcuts", tables))
    sections.append(provenance_section(content, titles))
    models = list(dict.fromkeys(setting["model"] for setting in content["settings"]))
    return Page(
        f"Comparison: {', '.join(models)}" if models else "Comparison of audits",
        "Finished runs side by side, each number with how sure it is. For research and teaching, "
        "not for diagnosis.",
        sections,
        [
            ("code", f"commit {content['git'] or 'unknown'}"),
            ("command", " ".join(content["command"])),
        ],
    )


class _Pictures:
    """Makes the blocks of those pictures that are there.

    Args:
        pictures: PNG files by name.
        folder: Where they lie as files, relative to the page.
    """

    def __init__(self, pictures: Mapping[str, bytes], folder: str | None) -> None:
        self.pictures, self.folder = pictures, folder

    def block(self, name: str, alt: str, caption: str, chart: bool = True) -> list[Picture]:
        if name not in self.pictures:
            return []
        file = None if self.folder is None else f"{self.folder}/{name}.png"
        density = 1.5 if chart else 1.0  # charts are drawn at 150 pixels per inch, sheets at 1:1
        return [Picture(self.pictures[name], alt, caption, file, density, chart)]


def _curves(drawn: _Pictures) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "Training scores are taken while training, with augmentation and dropout, as the "
            "report's; the others in evaluation mode. Where a split has no validation part the "
            "test part is watched, and nothing is selected by it."
        ),
        *drawn.block(
            "curves",
            "Curves of loss and accuracy over epochs, one colour for each setting",
            "Cost and balanced accuracy over epochs. Runs of one setting share a colour.",
        ),
    ]
    return Section("curves", "Training curves", blocks)


def _tables(content: Values, titles: Sequence[str]) -> Section:
    level = content["bootstrap"]["level"]
    blocks: list[Block] = []
    if content["pairs"]:
        blocks += [
            Heading("Which is better?"),
            pairs_table(content["pairs"], SCORES.values(), titles, level),
        ]
    if content["published"]:
        blocks.append(Heading("The report's tables beside ours"))
    blocks += [
        published_table(record, titles[record["setting"] - 1]) for record in content["published"]
    ]
    blocks.append(Heading("Class by class"))
    for number, setting in enumerate(content["settings"], 1):
        blocks += setting_tables(setting, number, level)
    return Section("tables", "Tables", blocks)


def _figures(titles: Sequence[str], drawn: _Pictures) -> Section:
    blocks: list[Block] = []
    for number, title in enumerate(titles, 1):
        own = [
            *drawn.block(
                f"confusion_{number}",
                f"Confusion matrix of {title}",
                f"{title}: counts and shares of the true class.",
            ),
            *drawn.block(
                f"roc_{number}",
                f"ROC curves of {title}",
                f"{title}: each class against the rest.",
            ),
            *drawn.block(
                f"precision_recall_{number}",
                f"Precision-recall curves of {title}",
                f"{title}: precision over recall, each class against the rest.",
            ),
        ]
        if own:
            blocks += [Heading(title), *own]
    blocks += drawn.block(
        "complexity",
        "Accuracy over multiply-accumulates",
        "What each network costs against what it gets right: multiply-accumulates of the forward "
        "pass of one scan, area by parameters.",
    )
    return Section("figures", "Figures", blocks)


def _calibration(content: Values, titles: Sequence[str], drawn: _Pictures) -> Section:
    columns = {
        title: setting_columns(setting)
        for title, setting in zip(titles, content["settings"], strict=True)
    }
    level = content["bootstrap"]["level"]
    by_run = run_calibration_table(content["settings"], titles, level)
    blocks: list[Block] = [
        Paragraph(
            "Can the probabilities be believed? A temperature divides the logits; it is fitted on "
            "validation scans only, so a setting without a validation part has none. A tumour is "
            "called from a probability that was chosen there, too, and from one half where there "
            "are no such scans; both stand with each run under “How this was made”. Risk and "
            "coverage: how often the network is wrong among the scans it is surest of."
        ),
        certainty_table(columns, SCORES.values(), "Scores with intervals", level),
        *([by_run] if by_run else []),
        *drawn.block(
            "risk_coverage",
            "Share of wrong predictions among the surest scans",
            "Risk over coverage: scans enter from the surest to the least sure.",
        ),
    ]
    for number, title in enumerate(titles, 1):
        blocks += drawn.block(
            f"reliability_{number}",
            f"Reliability diagram of {title}",
            f"{title}: how often a prediction of that probability is right.",
        )
    return Section("calibration", "Calibration", blocks)


def _mistakes(content: Values, titles: Sequence[str], drawn: _Pictures) -> Section:
    blocks: list[Block] = []
    shared = content["shared_errors"]
    if len(titles) > 1 and shared["scans"]:
        times = shared["wrong_in"]
        rows = [
            [
                format_counted(number, "setting"),
                format_count(count),
                format_percent(count / shared["scans"]),
            ]
            for number, count in enumerate(times)
        ]
        blocks.append(
            DataTable(
                f"How many settings get a scan wrong, of {format_count(shared['scans'])} that "
                "all tested",
                ["wrong in", "scans", "share"],
                rows,
                "Scans that every setting gets wrong may be hard, or mislabelled.",
            )
        )
    for number, (title, found) in enumerate(zip(titles, content["mistakes"], strict=True), 1):
        listed = found["listed"]
        if not listed:
            blocks.append(Notice("good", f"“{title}” gets no test scan wrong."))
            continue
        sheet = drawn.block(
            f"wrong_{number}",
            f"Contact sheet of the scans that {title} is most confidently wrong about",
            f"{title}: the {len(listed)} most confident mistakes of "
            f"{format_count(found['wrong'])}, the "
            "surest first; name, class, the class called, its probability.",
            chart=False,
        )
        rows = [
            [one["path"], one["label"], one["predicted"], format_score(one["probability"])]
            for one in listed
        ]
        table = DataTable(
            f"{title}: most confidently wrong",
            ["scan", "class", "called", "probability"],
            rows,
            text_columns=3,
        )
        blocks += [Heading(title), *sheet, table]
    return Section("errors", "Errors", blocks)
