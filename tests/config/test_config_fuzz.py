"""Any value at any key: the checks take it, or refuse it in one sentence. Never anything else."""

from collections.abc import Callable
from typing import Any

import hydra
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from benchmarks.benchmarking import check as check_benchmark
from brain_tumor.app.serve import app_settings
from brain_tumor.audit.audit import audit_settings
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare.compare import comparison_settings
from brain_tumor.errors import BrainTumorError
from brain_tumor.evaluate.evaluate import evaluation_settings
from brain_tumor.predict.predict import prediction_settings
from brain_tumor.train.check_config import check_training

CHECKS: dict[str, Callable[[DictConfig], Any]] = {
    "train": check_training,
    "audit": audit_settings,
    "evaluate": evaluation_settings,
    "compare": comparison_settings,
    "predict": prediction_settings,
    "app": app_settings,
    "benchmark": check_benchmark,
}
COMPOSED = [
    ("train", "data=phantom", "scheduler=cosine", "run_folder=r"),
    ("train", "data.root=r", "split=patient", "run_folder=r"),
    ("train", "data=phantom", "model=mobilenetv2", "model.weights=none", "run_folder=r"),
    ("audit", "data=phantom", "folder=r"),
    ("evaluate", "run=r"),
    ("compare", "runs=[r]", "folder=r"),
    ("predict", "run=r", "input=s", "output=o.csv"),
    ("app", "run=r"),
    ("benchmark", "data=phantom", "folder=r"),
]
WORDS = ["", "a", "ä☃", "a/b", "..", "\0", "${nope}", "${seed}", "???", "1e400", "x" * 3000]
WORDS += ["val/accuracy", "test/accuracy", "torch.load", "torch.optim.SGD", "os.system"]
WORDS += ["/dev/null", "auto", "none", "report", "patient", "file", "mobilenetv2", "16-mixed"]
NUMBERS = [0, 1, -1, 2, 7, 10**6, 2**31, 2**32, 2**63, -(10**30)]
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.integers(),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
VALUES = st.one_of(
    PLAIN,
    st.lists(PLAIN, max_size=3),
    st.dictionaries(
        st.sampled_from(["a", "name", "_target_", "_partial_", "1"]), PLAIN, max_size=2
    ),
)


def keys(node: Any, prefix: str = "") -> list[str]:
    names: Any = range(len(node)) if OmegaConf.is_list(node) else list(node)
    found = []
    for name in names:
        key = f"{prefix}.{name}" if prefix else str(name)
        found.append(key)
        below = None if OmegaConf.is_missing(node, name) else node._get_node(name)
        if OmegaConf.is_config(below) and not below._is_none():
            found += keys(below, key)
    return found


@pytest.fixture(scope="module")
def composed() -> list[tuple[str, DictConfig, list[str]]]:
    register_resolvers()
    made = []
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        for command, *words in COMPOSED:
            config = hydra.compose(command, words)
            OmegaConf.set_struct(config, False)
            made.append((command, config, keys(config)))
    return made


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_any_value_is_taken_or_refused_in_one_sentence(
    composed: list[tuple[str, DictConfig, list[str]]], data: st.DataObject
) -> None:
    command, base, known = data.draw(st.sampled_from(composed))
    config = base.copy()
    for key in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=2)):
        value = data.draw(VALUES, label=key)
        try:
            OmegaConf.update(config, key, value, merge=False, force_add=True)
        except Exception:  # OmegaConf's own refusal: of a key below what was just replaced
            return
    try:
        CHECKS[command](config)
    except BrainTumorError as error:
        assert "\n" not in str(error) and str(error)
