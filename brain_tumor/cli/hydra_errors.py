"""What Hydra refuses before a command begins, said in one sentence with the nearest valid name."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from brain_tumor.arguments import taken_by
from brain_tumor.cli.last_run import TAKES_RUN
from brain_tumor.cli.options import typed_folders
from brain_tumor.cli.words import ALIASES
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.values import sentence
from brain_tumor.errors import ConfigError, nearest, suggest

# What composing, and making the run folder, raises over what a user typed.
REFUSALS = (HydraException, OmegaConfBaseException, OSError, ValueError)

EXPORTED = (".onnx", ".pt2")
# The key that scans without one were meant for, where that is not `data.root`.
_TAKES_SCANS = {"predict": "input", "compare": "runs"}


QUOTED = r"""'(?:\\.|[^'])*'|"(?:\\.|[^"])*\""""


def refusal(error: BaseException, config_name: str, words: Sequence[str]) -> str:
    """Say what was wrong with a command line, by what Hydra raised (`REFUSALS`)."""
    if isinstance(error, OverrideParseException):
        if "=" in words:
            return "A value is written without spaces around the =, as in data=folder."
        return _unread(error.override, config_name)
    if isinstance(error, MissingConfigException):
        return _no_choice(error)
    text = str(error)
    if found := re.search(r"(?:Could not override|Could not delete from config\.) '([^']*)'", text):
        if "@" in found[1]:
            return f"{found[1]} is not there to be changed: write +{found[1]}=CHOICE to add it."
        return _unknown(found[1], config_name, words)
    if found := re.search(r"Multiple values for (\S+?)\.", text):
        return f"{found[1]} is there already: write {found[1]}=CHOICE once, without a +."
    if "Config group override must be a string" in text:
        return "A group takes the name of a choice, as in model=gbmnet: see --help for the groups."
    if found := re.search(r"An item is already at '([^']*)'", text):
        return f"{found[1]} is there already: write {found[1]}=VALUE, without the +."
    if found := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '([^']*)'", text):
        key, _, values = found[1].partition("=")
        said = f"{found[1]} gives several values: add -m to run one after the other"
        if isinstance(OmegaConf.select(composed(config_name, words), key), bool | int | float):
            return f"{said}."
        return f'{said}, or write a list as "{key}=[{values}]".'
    if found := re.search(r"Missing mandatory value: (\S+)", text):  # in the run folder's name
        return f"{found[1]} is not given: add {found[1]}=VALUE."
    if isinstance(error, OSError):
        place = error.filename or "the run folder"
        return f"{place} cannot be made ({error.strerror or text}): give a writable folder."
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, OmegaConfBaseException):
        return sentence(cause)
    return " ".join(text.split()) or f"The command line cannot be read ({type(error).__name__})."


def _unread(override: str, config_name: str) -> str:
    if "=" not in override:
        meant = _meant_place(override, config_name) or f"{override or 'key'}=VALUE"
        return f"{override!r} has no value: write {meant}"
    key, _, value = override.partition("=")
    key = key or "key"
    # What Hydra takes only in quotes; brackets and braces are its own.
    odd = re.search(r"""[^\w\s/\\%+.$*@?|:,\[\]{}-]|[^\x00-\x7f]""", re.sub(QUOTED, "", value))
    if odd is not None and odd[0] not in "'\"":
        example = f"{key}='{value}'" if not re.match(r"[\[{]|.*'", value) else f"'a{odd[0]}b'"
        return (
            f"{override!r} cannot be read: what holds {odd[0]} has to stand in quotes, these in "
            f'quotes for the shell, as in "{example}".'
        )
    return (
        f"{override!r} cannot be read: write key=VALUE, close every bracket, brace and quote, and "
        f"quote a value that holds = or blanks, as in \"{key}='a=b'\"."
    )


def _meant_place(word: str, command: str) -> str | None:
    """Give the override that a folder or file was meant for; None where it is neither."""
    path = Path(word).expanduser()
    if not path.exists():
        return None
    if (path / "run.json").is_file() or path.suffix in EXPORTED:
        key = TAKES_RUN.get(command, "resume")
    else:
        key = _TAKES_SCANS.get(command, "data.root")
    return f'"{key}=[{word}]"' if key == "runs" else f"{key}={word}"


def _no_choice(error: MissingConfigException) -> str:
    missing = str(error.missing_cfg_file)
    group, _, choice = missing.rpartition("/")
    if not group or not error.options:
        return f"There is no configuration {missing}: give one from {conf_folder().name}/."
    listed = ", ".join(error.options)
    near = suggest(choice, error.options)
    message = near if near.startswith("choose") else f"{near} There are {listed}."
    return f"{group}={choice} is no choice of {group}: {message}"


def _unknown(key: str, config_name: str, words: Sequence[str]) -> str:
    config, groups = composed(config_name, words), _groups(words)
    known = keys_of(config)
    parent, _, last = key.rpartition(".")
    if parent == "model" and last == "_target_":
        return f"{key} is there with model=own alone: write model=own {key}=my_project.nets.MyNet."
    top = key.partition(".")[0]
    if top not in config and (top in composed("train", []) or top in ALIASES["train"]):
        return f"{key} is unknown to {config_name}, train has it: leave it out."
    # What stands beside it is nearer than what is called so elsewhere.
    beside = [name for name in known if name.rpartition(".")[0] == parent]
    value = OmegaConf.select(config, parent) if parent else config
    if parent in known and value is None and last == "_target_":  # as of augment=none
        return f"{key} is not configured yet: write +{key}=VALUE to add it."
    if parent and not OmegaConf.is_dict(value) and parent in known:
        return f"{key} is unknown: {parent} is a single value, write {parent}=VALUE."
    if OmegaConf.is_dict(at_key := OmegaConf.select(config, key)) and at_key:
        names = [str(name) for name in at_key]
        return f"{key} has values, not choices ({', '.join(names)}): write {key}.{names[0]}=VALUE."
    taken = _taken_by(value, key)
    if last in taken:
        return f"{key} is not configured yet: write +{key}=VALUE to add it."
    name = nearest(last, [*(name.rpartition(".")[2] for name in beside), *taken])
    if name is not None:
        plus = "+" if name in taken and f"{parent}.{name}" not in beside else ""
        return f"{key} is unknown: did you mean {plus}{f'{parent}.{name}' if parent else name}?"
    if beside and parent:
        own = sorted(name.rpartition(".")[2] for name in beside)
        typed = any(word.lstrip("+").startswith(f"{parent}._target_=") for word in words)
        foreign = (parent == "model" or typed) and "_target_" in own
        plus = f" To give it to a class of your own, write +{key}=VALUE." * foreign
        return f"{key} is unknown: {parent} has {', '.join(own)}.{plus}"
    return f"{key} is unknown: {suggest(key, [*known, *groups], limit=0)}"


def _taken_by(node: Any, key: str) -> list[str]:
    """Give what the class takes that a group names by `_target_`; nothing where there is none."""
    if not OmegaConf.is_dict(node) or node._is_none() or "_target_" not in node:
        return []
    # It takes seconds to import torch and Lightning, which a mistake can wait for.
    from brain_tumor.config.allowed_targets import ALLOWED_TARGETS, find_class

    slot = key.partition(".")[0]
    if slot not in ALLOWED_TARGETS:
        return []
    try:
        found, _ = find_class(node["_target_"], key, (ALLOWED_TARGETS[slot],))
    except ConfigError:
        return []
    return list(taken_by(found)[0])


def composed(config_name: str, words: Sequence[str]) -> Any:
    """Compose what was asked for without the values that were typed; the defaults if that fails.

    Hydra's own node is part of it.
    """
    groups, own = _groups(words), [f"'file://{place.resolve()}'" for place in typed_folders(words)]
    choices = [word for word in words if word.partition("=")[0].lstrip("+") in groups]
    choices += [f"hydra.searchpath=[{','.join(own)}]"] if own else []
    for overrides in (choices, []):
        try:
            with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
                return hydra.compose(config_name, overrides, return_hydra_config=True)
        except REFUSALS:
            continue
    return OmegaConf.create()


def _groups(words: Sequence[str]) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for folder in (conf_folder(), *typed_folders(words))
        for path in folder.rglob("*")
        if path.is_dir()
    )


def keys_of(node: Any, prefix: str = "") -> list[str]:
    """Give the dotted key of every value and of every group, without Hydra's own."""
    found: list[str] = []
    for name in node if OmegaConf.is_dict(node) and not node._is_none() else ():
        key = f"{prefix}.{name}" if prefix else str(name)
        if key != "hydra":
            found.append(key)
            if not OmegaConf.is_missing(node, name):
                found += keys_of(node._get_node(name), key)
    return found
