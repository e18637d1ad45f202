"""Scores by patient, beside those of the same slices one by one."""

from brain_tumor.metrics.patients import PatientScores
from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.numbers import (
    format_count,
    format_counted,
    format_difference,
    format_interval,
    listed,
)
from brain_tumor.rendering.page import DataTable


def patients_table(found: PatientScores, title: str, level: float) -> DataTable:
    """Lay out what pooling the slices of each patient gives, of one run or of several together."""
    pooled, single, titles = found.by_patient, found.by_slice, score_titles()
    displayed = [
        (titles["accuracy"], pooled.accuracy, single.accuracy),
        (titles["balanced_accuracy"], pooled.balanced_accuracy, single.balanced_accuracy),
        *(
            (f"recall of {label}", pooled.recalls[label], single.recalls[label])
            for label in found.present
        ),
    ]
    gains = [
        [f"gain, {titles[key]}", format_difference(value), ""]
        for key, value in found.difference.items()
        if value is not None
    ]
    rows = [
        ["counted", format_count(sum(found.answers.values())), format_count(found.slices)],
        *([name, *map(format_interval, both)] for name, *both in displayed),
    ]
    note = " ".join(_notes(found, level))
    sections = [1, len(rows)]
    return DataTable(title, ["score", "by patient", "by slice"], rows + gains, note, 1, sections)


def patients_sentence(found: PatientScores) -> str:
    """Say in one sentence what pooling gives, for the card of a network."""
    pooled = format_interval(found.by_patient.balanced_accuracy)
    single = format_interval(found.by_slice.balanced_accuracy)
    return (
        f"By patient, where the patient is known ({format_counted(found.patients, 'patient')}, a "
        f"patient's slices pooled by their mean log-probability): balanced accuracy {pooled} over "
        f"{listed(found.present)}; of the same {format_counted(found.slices, 'slice')} one by one "
        f"it is {single}."
    )


def _notes(found: PatientScores, level: float) -> list[str]:
    absent = [name for name, count in found.answers.items() if not count]
    unknown, mixed = sum(found.unknown_slices.values()), found.of_several_classes
    said = [
        f"{format_counted(found.patients, 'patient')}; the slices of each are pooled by "
        "their mean log-probability, and beside that stand the same slices one by one. By patient, "
        "each counts the same, however many slices there are."
    ]
    if mixed:
        has = "has" if mixed == 1 else "have"
        said.append(
            f"{format_counted(mixed, 'patient')} {has} slices of several classes: once for each."
        )
    if unknown:
        said.append(f"{format_counted(unknown, 'slice')} of unknown patients are left out.")
    if absent:
        said.append(
            f"No patient of {listed(absent)} is known: there is no accuracy over all classes, and "
            f"balanced accuracy is the mean recall over {listed(found.present)}."
        )
    said.append(
        f"In brackets {100 * level:g} % intervals from {format_counted(found.groups, 'group')} of "
        "patients, drawn again."
    )
    return said
