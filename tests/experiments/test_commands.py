"""Every command on the pages of `experiments/` is there, and its arguments compose."""

import re
import shlex
from importlib.util import find_spec

import hydra
import pytest

from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.cli.words import expand
from experiments.findings import HERE

TYPED = re.compile(r"(?:^ *|`)(python [^`\n#$]*)(?=`|$|#)", re.MULTILINE)
SWEPT = re.compile(r"^([\w.@/]+=[\w.]+),[\w,.]+$")
COMMANDS = sorted(
    {
        (page.parent.name, typed.strip())
        for page in HERE.rglob("*.md")
        for typed in TYPED.findall(page.read_text(encoding="utf-8").replace(" \\\n ", ""))
    }
)


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_is_there(page: str, command: str) -> None:
    first, *words = shlex.split(command)[1:]
    if first != "-m":
        assert (HERE.parent / first).is_file()
        return
    name, *words = words
    assert find_spec(name) is not None
    package, _, own = name.partition(".")
    if package == "brain_tumor" or name == "benchmarks":
        register_resolvers()
        values = expand(own or "benchmark", [word for word in words if word != "-m"])
        if "--config-dir" in values:
            place = values.index("--config-dir")
            folder = HERE.parent / values[place + 1]
            assert folder.is_dir()
            values[place : place + 2] = [f"hydra.searchpath=[file://{folder}]"]
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            hydra.compose(own or "benchmark", [SWEPT.sub(r"\1", value) for value in values])
