"""The summary of a comparison: which setting is better, how sure that is, what to beware of."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.compare.page.tables import setting_notes, settings_table
from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import format_count, format_counted, format_percent, format_score
from brain_tumor.rendering.page import Bar, Bars, Block, Notice, Paragraph, Section
from brain_tumor.rendering.pairs import difference

Values = Mapping[str, Any]


def summary_section(content: Values, titles: Sequence[str]) -> Section:
    """Write the section that says which setting is better, and what to beware of."""
    settings = content["settings"]
    blocks: list[Block] = [Paragraph(_answer(content, titles))]
    bars = []
    for setting, title in zip(settings, titles, strict=True):
        found = setting["pooled"]["intervals"]["balanced_accuracy"]
        ends = format_score(found["value"], found["low"], found["high"])
        bars.append(Bar(title, found["low"], found["high"], ends, found["value"]))
    level = content["bootstrap"]["level"]
    blocks.append(
        Bars(
            "Balanced accuracy on the test scans",
            bars,
            f"The pale end is the {100 * level:g} % interval from resampled groups of scans, the "
            "line the score itself.",
        )
    )
    blocks += [Notice("warning", sentence) for sentence in _cautions(content, titles)]
    blocks.append(settings_table(settings, level))
    return Section("summary", "Summary", blocks)


def _answer(content: Values, titles: Sequence[str]) -> str:
    """Say in a sentence or two which setting is better, as far as the data tell."""
    if len(titles) == 1:
        found = content["settings"][0]["pooled"]["intervals"]["balanced_accuracy"]
        return f"{titles[0]} has a balanced accuracy of {cell(found)} on its test scans."
    said = []
    for pair in content["pairs"]:
        found = pair["differences"]["balanced_accuracy"]
        one, two = titles[pair["first"] - 1], titles[pair["second"] - 1]
        if found["low"] > 0 or found["high"] < 0:
            better, worse = (two, one) if found["value"] > 0 else (one, two)
            size = abs(found["value"])
            ends = sorted(abs(found[end]) for end in ("low", "high"))
            said.append(
                f"“{better}” is better than “{worse}” on the same "
                f"{format_count(pair['scans'])} scans: by "
                f"{format_score(size, *ends)} in balanced accuracy."
            )
        else:
            said.append(
                f"Between “{one}” and “{two}” these {format_count(pair['scans'])} scans do not "
                "decide: "
                f"{difference(found)} in balanced accuracy."
            )
    if not said:
        return (
            "The settings were tested on different scans, so the numbers stand side by side but do "
            "not tell which setting is better."
        )
    return " ".join(said)


def _cautions(content: Values, titles: Sequence[str]) -> list[str]:
    said = []
    differing = content["differing"]
    if differing:
        pair, others = differing[0], len(differing) - 1
        one, two = (titles[pair[key] - 1] for key in ("first", "second"))
        more = f", and so were {format_counted(others, 'more pair')}" if others else ""
        said.append(
            f"“{one}” and “{two}” were tested on different scans "
            f"({format_count(pair['scans'][0])} and "
            f"{format_count(pair['scans'][1])}, {format_count(pair['both'])} in both){more}: "
            "their scores do not "
            "tell which is better."
        )
    if len(content["pairs"]) > 1:
        said.append(
            f"{format_counted(len(content['pairs']), 'comparison')} are made here, each "
            "calibrated by an "
            "interval of its own: of so many, some may be decided by luck. The table of pairs has "
            "p-values that are corrected for their number."
        )
    related: dict[str, list[str]] = {}
    for setting, title in zip(content["settings"], titles, strict=True):
        shares = _related(setting)
        if shares:
            related.setdefault(format_percent(max(shares)), []).append(f"“{title}”")
    said += [
        f"{share} of the test scans of {' and '.join(named)} have a relative in training (patient, "
        "slice or related scan): such a score is in part recognition, and does not hold for new "
        "patients."
        for share, named in related.items()
    ]
    for setting, title in zip(content["settings"], titles, strict=True):
        said += [f"“{title}”: {note}" for note in setting_notes(setting) if "missing" in note]
    lone = [
        title
        for setting, title in zip(content["settings"], titles, strict=True)
        if setting["seeds"] == 1
    ]
    if lone:
        each = "Each setting" if len(lone) == len(titles) else " and ".join(f"“{t}”" for t in lone)
        said.append(
            f"{each} was trained with one seed: how far another training would move the score is "
            "not in the intervals."
        )
    return said


def _related(setting: Values) -> list[float]:
    leaks = setting["leakage"] or ()
    shares = [leak["overlaps"]["any"]["share_of_all"] for leak in leaks]
    return [share for share in shares if share]
