"""Words that begin with a dash: Hydra's stand anywhere, others are said to be values."""

import itertools

import pytest
from hydra._internal.utils import get_args_parser

from brain_tumor.cli.options import check_options, options_first
from brain_tumor.errors import ConfigError

PARTS = (["resume=run"], ["--config-dir", "my_conf"], ["trust=[nets]"], ["-m"])


@pytest.mark.parametrize("order", [*itertools.permutations(PARTS)])
def test_hydra_reads_options_wherever_they_are_typed(order: tuple[list[str], ...]) -> None:
    words = list(itertools.chain(*order))
    found = get_args_parser().parse_args(options_first(words))
    assert found.multirun and found.config_dir == "my_conf"
    assert found.overrides == [word for word in words if "=" in word]


@pytest.mark.parametrize(
    "option", ["-m", "--multirun", "-h", "-cd", "--config-dir=a", "--cfg", "--info", "--help-all"]
)
def test_options_of_the_documentation_are_known(option: str) -> None:
    check_options([option], "train")


def test_a_command_may_have_no_words() -> None:
    assert options_first([]) == []
    check_options([], "train")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--epochs", "3"], "epochs=3"),
        (["--data.root=scans", "seed=1"], "data.root=scans"),
        (["--batch-size", "seed=1"], "batch_size=VALUE"),
    ],
)
def test_a_value_typed_as_an_option_is_written_as_a_value(words: list[str], meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"write {meant}$"):
        check_options(words, "train")
