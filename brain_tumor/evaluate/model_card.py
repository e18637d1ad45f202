"""A model card: what a trained network is for, what it was trained on, and how far to trust it.

The layout is Hugging Face's (Mitchell et al. 2019, doi 10.1145/3287560.3287596): metadata in YAML,
then the sections of its template, so that a card can lie beside the weights on its hub as it is.

A run folder may be somebody else's: what it says of itself is text here, one line and no markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from brain_tumor.data.split import TEST
from brain_tumor.evaluate.tables.by_patient import patients_sentence
from brain_tumor.evaluate.tables.certainty import certainty_table, gaps
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.evaluate.tables.lookalikes import lookalikes_table
from brain_tumor.evaluate.tables.verdict import drawn
from brain_tumor.metrics.leakage import ANY
from brain_tumor.metrics.registry import label_scores
from brain_tumor.rendering.foreign_text import markdown_code, markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_percent
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.results.complexity import MeasuredComplexity
from brain_tumor.runs.results.metrics import Metrics
from brain_tumor.runs.results.run import RunData, RunRecord
from brain_tumor.runs.results.scores import PartScores

Values = Mapping[str, Any]


def model_card(
    record: RunRecord,
    config: Values,
    metrics: Metrics,
    complexity: MeasuredComplexity,
    network: str,
) -> str:
    """Write the card of a run, as Markdown with YAML front matter.

    A test part and leakage are among `metrics`; `network` is what the network says of itself.
    """
    parts, leakage = metrics.parts, metrics.leakage
    test, level = parts[TEST], metrics.bootstrap.level
    classes = markdown_text(", ".join(test.classes))
    model, split, data = config["model"]["name"], config["split"], record.data
    alike = None if leakage is None else leakage.lookalikes
    title = f"{model}, {split['name']} split of {data.name}"
    by_class = "Test part, by class"
    sections = [
        f"# Model card: {markdown_text(title)}",
        f"A classifier of brain MRI slices into {classes}. **For research and teaching. Not a "
        "medical device; nothing here may be used for diagnosis.**",
        "## Model details",
        _list(
            {
                "Network": network,
                "Input": "one grey slice, uint8, 0 to 255, the head cut out and resized to "
                f"{config['data']['crop']['size']} x {config['data']['crop']['size']} pixels; the "
                "network resizes and normalises by itself",
                "Output": f"logits of {len(test.classes)} classes, in this order: "
                + ", ".join(test.classes),
                "Parameters": f"{format_count(complexity.parameters)}, of which "
                f"{format_count(complexity.trained_parameters)} were trained",
                "Multiply-accumulates": f"{complexity.multiply_accumulates / 1e6:,.1f} million "
                "per slice",
                "Checkpoint": f"{metrics.checkpoint}, {complexity.checkpoint_bytes / 1e6:,.1f} MB",
                "Pretrained weights": config["model"].get("weights") or "none",
                "Licence": "not stated",
            }
        ),
        "## Uses",
        "Direct use: to study how such classifiers are trained and calibrated, and to compare "
        "methods on the same slices.",
        "Out of scope: any decision about a person; slices of other sequences, orientations, "
        "scanners or body parts than those it was trained on; finding where a tumour is.",
        "## Bias, risks and limitations",
        "\n".join(
            f"- {sentence}" for sentence in _limits(data.name, metrics, drawn(config["data"]))
        ),
        "## How to get started",
        "```\npython -m brain_tumor.evaluate run=RUN                    # these numbers again\n"
        "python -m brain_tumor.evaluate run=RUN data.root=FOLDER   # scans of another origin\n```",
        "## Training details",
        _list(
            {
                "Data": f"{data.name}, fingerprint {data.fingerprint[:12]}",
                "Split": _settings(split),
                "Preprocessing": f"crop ({_settings(config['data']['crop'])}), exact duplicates "
                f"dropped, harmonised: {_settings(config['data']['harmonise'])}",
                "Augmentation": _settings(config["augment"] or {}),
                "Optimizer": _settings(config["optimizer"]),
                "Schedule": _settings(config["scheduler"] or {}),
                "Epochs": f"{format_count(record.epochs)}, batches of "
                f"{config['data']['batch_size']}",
                "Seed": str(record.seed),
            }
        ),
        to_markdown(_scans(parts)),
        "## Evaluation",
        f"Scored on the {format_count(test.scans)} test slices, in {format_count(test.groups)} "
        "groups of slices that belong together (patient, slice, related scans); the checkpoint, "
        "the temperature and the operating point were never chosen on them.",
        to_markdown(certainty_table(parts, "Scores", level)),
        to_markdown(class_report(test.per_class, test.scores, test.scans, by_class, True)),
        to_markdown(lookalikes_table([alike], "Test slices that look like a training slice"))
        if alike
        else "",
        "\n".join(
            f"- {markdown_text(sentence)}"
            for sentence in [
                *([patients_sentence(test.patients)] if test.patients else []),
                *gaps(metrics),
            ]
        ),
        "## Technical specifications",
        _list(
            {
                "Trained on": f"{record.device}, {record.machine}",
                "Seconds of training": f"{record.seconds_fit or 0:,.0f}",
                "Seconds per slice": ", ".join(
                    f"{seconds:.4f} in batches of {batch}"
                    for batch, seconds in complexity.seconds_per_scan.items()
                )
                + f" ({complexity.device}, {complexity.threads} threads)",
                "Memory kept for the backward pass": "per slice "
                f"{complexity.activation_bytes / 2**20:,.1f} MiB",
                "Versions": ", ".join(
                    f"{name} {version}" for name, version in record.versions.items() if version
                ),
                "Code": f"commit {record.git or UNKNOWN}",
            }
        )
        + f"\n- **Command**: {markdown_code(' '.join(record.command))}",
    ]
    return (
        f"---\n{_metadata(model, data, split, test)}---\n\n"
        + "\n\n".join(section for section in sections if section)
        + "\n"
    )


def _metadata(model: str, data: RunData, split: Values, test: PartScores) -> str:
    metrics = [
        {"type": score.key, "value": found.value, "name": score.title}
        for score in label_scores()
        if (found := test.scores.get(score.key)) is not None
    ]
    name = f"brain_tumor {model}"
    dataset = {"name": data.name, "type": data.name, "split": f"test, {split['name']}"}
    content = {
        "library_name": "pytorch",
        "pipeline_tag": "image-classification",
        "tags": ["brain-tumor", "mri", "medical-imaging", "research-only"],
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {
                "name": name,
                "results": [
                    {
                        "task": {"type": "image-classification"},
                        "dataset": dataset,
                        "metrics": metrics,
                    }
                ],
            }
        ],
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _limits(name: str, metrics: Metrics, phantoms: bool) -> list[str]:
    if phantoms:
        return ["The scans are drawn, not measured: no number here says anything about brains."]
    said = []
    leakage = metrics.leakage
    related = None if leakage is None else leakage.overlaps[ANY].share_of_all
    if related:
        said.append(
            f"{format_percent(related)} of the test slices have a relative in training "
            "(patient, slice or related scan), so the scores measure in part how well a slice is "
            "recognised that was seen before. They do not hold for new patients."
        )
    else:
        said.append(
            "No test slice has a known relative in training. Where the patient is not known, only "
            "slices that look related were kept together, so unknown relatives may remain."
        )
    collections = "Scanners, sequences and populations that are not in these scans were not tried."
    if name == "brain-tumor-mri":
        said.append(
            "The slices without a tumour come from another source than the others, and can be told "
            "from them without looking at the brain (`python -m brain_tumor.audit`): scores for "
            "tumour against none say little about tumours."
        )
        collections = (
            "All scans come from a few public collections; scanners, sequences and populations "
            "that are not in them were not tried."
        )
    return [*said, collections, "Single slices are calibrated, not patients."]


def _scans(parts: Mapping[str, PartScores]) -> DataTable:
    classes = next(iter(parts.values())).classes
    rows = [
        [label, *(format_count(part.per_class[label].support) for part in parts.values())]
        for label in classes
    ]
    rows.append(["all", *(format_count(part.scans) for part in parts.values())])
    return DataTable("Slices", ["class", *parts], rows)


def _list(entries: Mapping[str, str]) -> str:
    return "\n".join(
        f"- **{name}**: {markdown_text(str(value))}" for name, value in entries.items()
    )


def _settings(values: Values) -> str:
    displayed = ", ".join(
        f"{key} {_value(value)}"
        for key, value in values.items()
        if key not in ("_target_", "_partial_") and value is not None and value is not False
    )
    target = str(values.get("_target_", "")).rsplit(".", 1)[-1]
    return f"{target} ({displayed})" if target else displayed or "none"


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " to ".join(map(str, value))
    return str(value)
