"""What a run is, as one number: two runs of one fingerprint and the same scans are the same run."""

import hashlib
import json
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from brain_tumor.runtime.finished import flatten
from brain_tumor.runtime.run.provenance import installed

# Where things lie, and what is asked of a sweep: nothing that is computed depends on it. The scans
# are told by the fingerprint of their prepared set.
LEFT_OUT = (
    *("runs", "run_folder", "data.root", "data.prepared"),
    *("resume", "allow_changes", "skip_finished", "remark"),
)


def run_fingerprint(config: DictConfig) -> str:
    """Give the fingerprint of a configuration and of the package's version.

    Every value counts, but for those that say where things lie: a path inside the run folder, or
    inside the folder of raw scans, counts by what it is called there.

    Args:
        config: As `conf/train.yaml` composes it, `run_folder` included.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    values = flatten(cast(dict[str, Any], OmegaConf.to_container(config, resolve=True)))
    places = {
        name: str(values[name])
        for name in ("run_folder", "data.root")
        if values.get(name) is not None
    }
    counted = {key: _placeless(value, places) for key, value in values.items() if _counts(key)}
    counted["brain-tumor"] = installed("brain-tumor")
    text = json.dumps(counted, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _counts(key: str) -> bool:
    return not any(f"{key}.".startswith(f"{name}.") for name in LEFT_OUT)


def _placeless(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_placeless(one, places) for one in value]
    if isinstance(value, str):
        for name, place in places.items():
            if value == place or value.startswith(f"{place}/"):
                return f"<{name}>{value[len(place) :]}"
    return value
