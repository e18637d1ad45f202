"""A run's fingerprint sees every value that a number may depend on, and no place."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brain_tumor.runs import identity
from brain_tumor.runs.identity import SAME_RUN, flatten, keys_of, run_fingerprint, within


def test_places_do_not_count(compose_in, tmp_path: Path) -> None:
    here = compose_in(tmp_path / "here", "data.root=/a", "data.patients=/a/phantoms.csv")
    words = ("data.root=/b/c", "data.patients=/b/c/phantoms.csv", "data.prepared=/d", "runs=/e")
    asked = ("skip_finished=false", "remark=so", "resume=/f", "allow_changes=true")
    there = compose_in(tmp_path / "there", *words, *asked)
    assert run_fingerprint(here) == run_fingerprint(there)


def test_every_other_value_counts(compose) -> None:
    config = compose("scheduler=cosine", "split=official", "logger=tensorboard")
    known = {run_fingerprint(config)}
    flat = flatten(OmegaConf.to_container(config, resolve=True))
    counted = [key for key in flat if not within(key, keys_of(SAME_RUN))]
    assert len(counted) > 60
    resolved = OmegaConf.to_container(config, resolve=True)
    for key in counted:
        changed = OmegaConf.create(resolved)
        OmegaConf.update(changed, key, "another value", force_add=True)
        known.add(run_fingerprint(changed))
    # Each differs from all others.
    assert len(known) == 1 + len(counted)


def test_another_version_is_another_run(compose, monkeypatch: pytest.MonkeyPatch) -> None:
    config = compose()
    before = run_fingerprint(config)
    assert run_fingerprint(config) == before
    monkeypatch.setattr(identity, "installed", lambda package: "99.0")
    assert run_fingerprint(config) != before
