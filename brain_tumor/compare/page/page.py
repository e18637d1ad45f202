"""The page that lays finished runs side by side, a section for each question."""

from collections.abc import Mapping

from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.calibration_tables import calibration_tables
from brain_tumor.compare.page.data_section import data_section, provenance_section
from brain_tumor.compare.page.published_table import published_table
from brain_tumor.compare.page.summary import summary_section
from brain_tumor.compare.page.tables import pairs_tables, setting_tables, shortcut_tables
from brain_tumor.rendering.page import (
    Block,
    Heading,
    Page,
    Paragraph,
    Picture,
    Section,
)

Pictures = Mapping[str, bytes]

# The pictures of a setting, by name; its title follows the first text and stands before the other.
_OF_SETTING = {
    "confusion": ("Confusion matrix of", "counts and shares of the true class."),
    "roc": ("ROC curves of", "each class against the rest."),
    "precision_recall": (
        "Precision-recall curves of",
        "precision over recall, each class against the rest.",
    ),
}


def comparison_page(comparison: Comparison, drawn: Pictures) -> Page:
    """Describe the page of a comparison.

    The pictures are PNG files by name: `curves`, `risk_coverage`, `complexity`, and by number of
    the setting `confusion_1`, `roc_1`, `precision_recall_1`, `reliability_1`. The same lie in
    `figures/` beside the page. One that is not given is not shown.
    """
    sections = []
    if comparison.settings:
        sections += [
            summary_section(comparison),
            data_section(comparison),
            _curves(drawn),
            _tables(comparison),
            _figures(comparison, drawn),
            _calibration(comparison, drawn),
        ]
    if comparison.audits:
        tables = shortcut_tables(comparison.audits, comparison.audit_split)
        sections.append(Section("shortcuts", "Shortcuts", tables))
    sections.append(provenance_section(comparison))
    models = dict.fromkeys(setting.model for setting in comparison.settings)
    return Page(
        f"Comparison: {', '.join(models)}" if models else "Comparison of audits",
        "Finished runs side by side, each number with how sure it is. For research and teaching, "
        "not for diagnosis.",
        sections,
        [
            ("code", f"commit {comparison.made.git or 'unknown'}"),
            ("command", " ".join(comparison.made.command)),
        ],
    )


def _picture(drawn: Pictures, name: str, alt: str, caption: str) -> list[Picture]:
    """Make the block of a picture, if it is there."""
    if name not in drawn:
        return []
    # Charts are drawn at 150 pixels per inch.
    return [Picture(drawn[name], alt, caption, f"figures/{name}.png", 1.5, True)]


def _curves(drawn: Pictures) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "Training scores are taken while training, with augmentation and dropout, as the "
            "report's; the others in evaluation mode. Where a split has no validation part the "
            "test part is watched, and nothing is selected by it."
        ),
        *_picture(
            drawn,
            "curves",
            "Curves of loss and accuracy over epochs, one colour for each setting",
            "Cost and balanced accuracy over epochs. Runs of one setting share a colour.",
        ),
    ]
    return Section("curves", "Training curves", blocks)


def _tables(comparison: Comparison) -> Section:
    level = comparison.bootstrap.level
    pairs = pairs_tables(comparison)
    blocks: list[Block] = [Heading("Which is better?"), *pairs] if pairs else []
    if comparison.published:
        blocks.append(Heading("The report's tables beside ours"))
    blocks += [published_table(one, comparison.title(one.setting)) for one in comparison.published]
    blocks.append(Heading("Class by class"))
    for setting in comparison.settings:
        blocks += setting_tables(setting, level)
    return Section("tables", "Tables", blocks)


def _figures(comparison: Comparison, drawn: Pictures) -> Section:
    blocks: list[Block] = []
    for setting in comparison.settings:
        own = [
            picture
            for name, (alt, caption) in _OF_SETTING.items()
            for picture in _picture(
                drawn,
                f"{name}_{setting.number}",
                f"{alt} {setting.title}",
                f"{setting.title}: {caption}",
            )
        ]
        if own:
            blocks += [Heading(setting.title), *own]
    blocks += _picture(
        drawn,
        "complexity",
        "Accuracy over multiply-accumulates",
        "What each network costs against what it gets right: multiply-accumulates of the forward "
        "pass of one scan, area by parameters.",
    )
    return Section("figures", "Figures", blocks)


def _calibration(comparison: Comparison, drawn: Pictures) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "Can the probabilities be believed? A temperature divides the logits; it is fitted on "
            "validation scans only, so a setting without a validation part has none. A tumour is "
            "called from a probability that was chosen there, too, and from one half where there "
            "are no such scans; both stand with each run under “How this was made”. Risk and "
            "coverage: how often the network is wrong among the scans it is surest of."
        ),
        *calibration_tables(comparison),
        *_picture(
            drawn,
            "risk_coverage",
            "Share of wrong predictions among the surest scans",
            "Risk over coverage: scans enter from the surest to the least sure.",
        ),
    ]
    for setting in comparison.settings:
        blocks += _picture(
            drawn,
            f"reliability_{setting.number}",
            f"Reliability diagram of {setting.title}",
            f"{setting.title}: how often a prediction of that probability is right.",
        )
    return Section("calibration", "Calibration", blocks)
