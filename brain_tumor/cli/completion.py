"""What a shell offers when Tab is pressed: commands, groups, keys and values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.cli.command import register_resolvers
from brain_tumor.cli.hydra_errors import composed, keys_of
from brain_tumor.cli.options import CONFIG_DIR, typed_folders
from brain_tumor.cli.words import ALIASES, expand
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.runs.identity import flatten

FLAGS = ("--help", "--help-all", "--multirun", "--config-dir")

# Each asks `brain-tumor completion words LINE`. bash takes what lies behind the last = or : for the
# word; where nothing is offered it completes files, as the others do behind a =.
SCRIPTS = {
    "bash": r"""
_brain_tumor() {
    local IFS=$'\n' line="${COMP_LINE:0:COMP_POINT}" word
    COMPREPLY=($(brain-tumor completion words "$line" 2>/dev/null))
    word="${line##*[[:space:]]}"
    [[ "$word" == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"${word%=*}="}")
    [[ "${COMPREPLY[0]}" == *[=./] ]] && compopt -o nospace
    return 0
}
complete -o default -F _brain_tumor brain-tumor
""",
    "zsh": r"""
#compdef brain-tumor
_brain_tumor() {
    local -a found
    found=("${(@f)$(brain-tumor completion words "$LBUFFER" 2>/dev/null)}")
    if [[ -n "$found" ]]; then
        compadd -Q -S '' -- $found
    else
        compset -P '*='
        _files
    fi
}
compdef _brain_tumor brain-tumor
""",
    "fish": r"""
complete -c brain-tumor -a '(brain-tumor completion words (commandline -cp))' -f
complete -c brain-tumor -n 'string match -q "*=*" -- (commandline -ct)' -F
""",
}


def candidates(command: str, typed: str) -> list[str]:
    """Give what the last word of a command line may become: those that end in `=` or `.` go on.

    `typed` is what stands behind the command, up to the cursor; a blank at its end begins a new
    word.
    """
    *before, word = typed.split(" ")
    if before and before[-1] in CONFIG_DIR:
        return []  # a folder
    aliases = ALIASES.get(command, {})
    register_resolvers()
    config = composed(command, expand(command, before))
    choices = [group for group in config.hydra.runtime.choices if not group.startswith("hydra/")]
    folders = [conf_folder(), *typed_folders(before)]
    key, equals, _ = word.partition("=")
    if word.startswith("-"):
        names = list(FLAGS)
    elif equals:
        names = [
            f"{key}={value}" for value in _values(config, choices, aliases.get(key, key), folders)
        ]
    else:
        keys = keys_of(config)
        groups = {key.rpartition(".")[0] for key in keys}
        names = [f"{name}=" for name in (*aliases, *choices) if "@" not in name]
        names += [f"{key}." if key in groups else f"{key}=" for key in keys]
    # One step at a time: what lies below a group is offered once its name is there.
    found = {name for name in names if name.startswith(word) and "." not in name[len(word) : -1]}
    return sorted(found - {word})


def _values(config: Any, choices: Sequence[str], key: str, folders: Sequence[Path]) -> list[str]:
    if key in choices:
        return [path.stem for folder in folders for path in (folder / key).glob("*.yaml")]
    if key.endswith("accelerator"):
        return ["auto", "cpu", "gpu", "mps"]
    value = flatten(OmegaConf.to_container(config, resolve=False)).get(key)
    if isinstance(value, bool):
        return ["true", "false"]
    plain = isinstance(value, (int, float)) or (isinstance(value, str) and value.isidentifier())
    return [str(value)] if plain else []
