"""What a benchmark's tables and figure say, against numbers worked out by hand."""

from dataclasses import replace
from pathlib import Path

from drawn import check_whole
from markdown_it import MarkdownIt
from speed_record import record, side

from benchmarks.figure import ratio_figure
from benchmarks.results import CudaTraining, benchmark_file
from benchmarks.tables import (
    cuda_table,
    growth_table,
    larger_table,
    memory_table,
    ratio_table,
    speed_header,
    speed_legend,
    speed_markdown,
    speed_tables,
)
from brain_tumor.metrics.timing import Spread
from brain_tumor.rendering.numbers import UNKNOWN
from brain_tumor.runs.folder import RunFolder


def test_each_peer_has_its_row_with_ratio_target_and_verdict() -> None:
    table = ratio_table(record())
    assert table.rows == [
        [
            *("train gbmnet", "plain loop", "12.5 (11.3 to 15.0) ms", "40.0 (36.0 to 48.0) ms"),
            *("0.312 (0.281 to 0.344)", "≤ 0.4", "met"),
        ],
        ["", "Kornia", UNKNOWN, UNKNOWN, UNKNOWN, "≤ 1", "not measured"],
        *[["train --help", "", "1.75 (1.57 to 2.10) s", UNKNOWN, UNKNOWN, "≤ 1.5 s", "missed"]],
    ]
    assert table.sections == [2]
    assert "Medians of 3 rounds after 1 to warm up" in table.note
    assert "train_gbmnet, kornia: kornia is not installed." in table.note
    assert "an epoch takes 0.500 (0.400 to 0.600) s" in table.note


def test_the_header_says_where_it_was_measured_and_that_scans_were_drawn() -> None:
    header = "\n".join(speed_header(record()))
    for words in (
        "A processor, 2 cores, 24.0 GiB of memory, torch with 2 threads, a load of 0.1 when",
        "python 3.11.7, torch 2.15.0; Linux x86_64",
        "Commit: unknown",
        "drawn phantoms, no real scans: 658 files, 600 kept",
        "No NVIDIA card is here",
    ):
        assert words in header
    assert "Not all of them: 1,400 raw scans are prepared." in header
    assert "test scans" not in header
    idle = replace(record().machine, load=None)
    asked = replace(record(), asked=replace(record().asked, threads=1), machine=idle)
    assert "torch with 1 thread." in "\n".join(speed_header(asked))


def test_memory_growth_and_the_larger_set_are_laid_out() -> None:
    memory = memory_table(record())
    assert [line[1:] for line in memory.rows] == [
        ["ours", "300", UNKNOWN, UNKNOWN],
        ["plain loop", "300", UNKNOWN, UNKNOWN],
        ["ours", "300", UNKNOWN, UNKNOWN],
    ]
    growth = growth_table(record().growth or ())
    assert growth.rows == [
        ["augment", "batch", f"8: 2.00 ms, {UNKNOWN} MiB", f"32: 1.00 ms, {UNKNOWN} MiB", UNKNOWN]
    ]
    assert "augment by batch, 1280: out of memory." in growth.note
    measured = record().larger_than_memory
    assert measured is not None
    larger = larger_table(measured)
    assert larger.rows[0][:4] == ["6,589", "0.4", "0", "12.5 (11.3 to 15.0) ms"]
    assert larger.rows[1] == ["400,000", "24.4", "2", UNKNOWN, UNKNOWN, UNKNOWN]
    assert "400,000 scans: the disk is full." in larger.note


def test_the_time_to_the_first_score_is_laid_out_where_it_was_told() -> None:
    assert "first validation score" not in speed_markdown(record())
    contest = record().contests[0]
    first = {"first": Spread(30.0, 30.0, 30.0)}
    prepared = first | {"prepare": Spread(12.5, 12.5, 12.5), "processor": Spread(40.0, 38.0, 44.0)}
    sides = {"ours": side(0.01, 64, prepared), "plain_loop": side(0.04, 64, first)}
    found = replace(record(), contests=(replace(contest, sides=sides),))
    table = next(one for one in speed_tables(found) if "first" in one.title)
    assert table.rows == [["ours", "30.0", "12.5"], ["plain loop", "30.0", UNKNOWN]]
    assert memory_table(found).rows[0][-1] == "40.0 (38.0 to 44.0)"


def test_whole_trainings_on_a_card_are_laid_out() -> None:
    share = {"share": Spread(0.5, 0.5, 0.5)}
    entry = CudaTraining("gbmnet", 200, side(100.0, None), side(2.0, None, share), None)
    table = cuda_table([entry])
    assert table.rows == [["gbmnet", "200", "100.0", "50.0 %"]]
    table = cuda_table([replace(entry, whole=None, profiled=None, fault="no memory")])
    assert table.rows == [["gbmnet", "200", UNKNOWN, UNKNOWN]]
    assert "gbmnet: no memory." in table.note


def test_markdown_holds_every_table_and_every_peer() -> None:
    text = speed_markdown(record())
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    tables = [token for token in tokens if token.type == "table_open"]
    assert len(tables) == len(speed_tables(record())) == 4
    for line in (*speed_header(record()), *speed_legend(record())):
        assert f"- {line}" in text
    assert "plain loop is plain PyTorch" in text


def test_what_was_not_asked_for_has_no_table() -> None:
    nothing = replace(record(), growth=None, larger_than_memory=None, cuda=None, contests=())
    assert speed_tables(nothing) == []
    assert ratio_figure(nothing) is None
    assert "No NVIDIA" not in speed_markdown(nothing)


def test_the_figure_has_a_bar_for_every_ratio() -> None:
    figure = ratio_figure(record())
    assert figure is not None
    check_whole(figure)
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.3125]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "train gbmnet\nbeside plain loop"
    ]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    benchmark_file().write(RunFolder(tmp_path), record())
    assert benchmark_file().read(RunFolder(tmp_path)) == record()
