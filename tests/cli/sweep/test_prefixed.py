import io

from brain_tumor.cli.sweep.launchers import PrefixedLines, prefixed


def test_lines_come_whole_and_with_their_prefix() -> None:
    beyond = io.StringIO()
    lines = PrefixedLines(beyond, "3 | ")
    lines.write("epoch ")
    assert beyond.getvalue() == ""
    lines.write("1\nepoch 2\nrest")
    assert beyond.getvalue() == "3 | epoch 1\n3 | epoch 2\n"
    assert not lines.isatty()


def test_what_was_begun_is_ended(capsys) -> None:
    with prefixed("0 | "):
        print("a")
        print("b", end="")
    print("c")
    assert capsys.readouterr().out == "0 | a\n0 | b\nc\n"
