"""What tells settings, or audits, apart: the fewest words that name each."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]

NOT_SET = "none"


def differing_keys(settings: Sequence[Values]) -> list[dict[str, str]]:
    """Find the shortest list of configured values that tells settings apart, as text by dotted key.

    A value is named only against settings that it can be compared with: the width of a network
    against networks of the same name, the decay of an optimizer against the same optimizer, the
    fingerprint of the data against data of the same configuration, the experiment's name against
    settings that differ in nothing else. Model and split are always named, so they are not here.

    Example:
        >>> width = [{"model.name": "gbmnet", "model.width": width} for width in (16, 512)]
        >>> differing_keys([*width, {"model.name": "mobilenetv2"}])
        [{'model.width': '16'}, {'model.width': '512'}, {}]
    """
    keys = dict.fromkeys(key for setting in settings for key in setting)
    named = [key for key in keys if key not in ("model.name", "split.name")]
    return [
        {
            key.removesuffix("._target_"): _value(setting.get(key), key)
            for key in named
            if _tells_apart(key, setting, settings, keys)
        }
        for setting in settings
    ]


def setting_title(number: int, model: str, split: str, differs: Mapping[str, str]) -> str:
    """Call a setting by its number, its model, its split, and what else tells it apart.

    Example:
        >>> setting_title(2, "gbmnet", "patient", {"model.width": "16"})
        '2: gbmnet, patient split, width=16'
    """
    # The last word of a key is enough, unless two keys end in it.
    last = {key: key.rsplit(".", 1)[-1] for key in differs}
    often = Counter(last.values())
    words = [
        f"{last[key] if often[last[key]] == 1 else key}={value}" for key, value in differs.items()
    ]
    return f"{number}: {', '.join([model, f'{split} split', *words])}"


def _tells_apart(
    key: str, setting: Values, others: Sequence[Values], keys: Mapping[str, None]
) -> bool:
    if key == "name":
        context = [other for other in keys if other != key]
    elif key == "data.fingerprint":
        context = [other for other in keys if other.startswith("data.") and other != key]
    else:
        group = key.rsplit(".", 1)[0]
        context = [f"{group}.{kind}" for kind in ("name", "_target_")]
    return any(
        setting.get(key) != other.get(key)
        and all(setting.get(c) == other.get(c) for c in context if c != key)
        for other in others
    )


def _value(value: Any, key: str) -> str:
    if value is None:
        return NOT_SET
    if key.endswith("._target_"):
        return str(value).rsplit(".", 1)[-1]
    if key == "data.fingerprint":
        return str(value)[:12]
    return value if isinstance(value, str) else json.dumps(value)


def audit_labels(harmonised: Sequence[Values]) -> list[str]:
    """Name audits by what differs in how their scans were harmonised; `none` where all is off.

    Example:
        >>> audit_labels([{"resolution": None}, {"resolution": 128}])
        ['none', 'resolution=128']
    """
    on = [
        {key: value for key, value in one.items() if value is not None and value is not False}
        for one in harmonised
    ]
    keys = dict.fromkeys(key for one in on for key in one)
    differing = [key for key in keys if any(one.get(key) != on[0].get(key) for one in on)]
    displayed = differing or list(keys)
    return [
        ", ".join(f"{key}={_value(one[key], key)}" for key in displayed if key in one) or NOT_SET
        for one in on
    ]
