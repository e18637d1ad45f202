"""Speed beside named peers: header, tables and Markdown of a benchmark."""

from collections.abc import Iterator, Sequence

from benchmarks.contests import OURS
from benchmarks.results import (
    Benchmark,
    CudaTraining,
    GrowthSeries,
    HeldContest,
    LargerSet,
    RatioRow,
    SideTimes,
)
from brain_tumor.metrics.timing import Spread
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_counted, format_percent
from brain_tumor.rendering.page import DataTable, to_markdown

MIB = 2**20


def speed_markdown(found: Benchmark) -> str:
    """Write header and tables."""
    header, legend = (
        "\n".join(f"- {line}" for line in lines)
        for lines in (speed_header(found), speed_legend(found))
    )
    tables = [to_markdown(table) for table in speed_tables(found)]
    return "\n\n".join(part for part in (header, *tables, legend) if part) + "\n"


def speed_header(found: Benchmark) -> list[str]:
    """Tell, a line each, on what, with what and with which scans a benchmark was measured."""
    machine, made, data = found.machine, found.provenance, found.data
    memory = machine.memory
    parts = [machine.processor, format_counted(machine.cores or 0, "core")]
    parts += [] if memory is None else [f"{memory / 2**30:.1f} GiB of memory"]
    parts += [machine.card] if machine.card else []
    threads = found.asked.threads or machine.threads
    parts.append(f"torch with {format_counted(threads, 'thread')}")
    if machine.load is not None:
        parts.append(f"a load of {machine.load:.1f} when it began, ours included")
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    kind = "drawn phantoms, no real scans" if data.drawn else "scans"
    lines = [
        f"Machine: {', '.join(parts)}.",
        f"Versions: {versions}; {made.machine}.",
        f"Commit: {made.git or 'unknown'}; begun {made.started}.",
        f"Data: {data.name}, {kind}: {format_count(data.raw)} files, "
        f"{format_count(data.kept)} kept.",
    ]
    asked = found.asked
    for count, what in (
        (asked.raw_scans, "raw scans are prepared"),
        (asked.test_scans, "test scans scored"),
        (asked.epoch_scans, "raw scans make the whole epochs, training and validation"),
    ):
        if count is not None:
            lines.append(f"Not all of them: {format_count(count)} {what}.")
    return lines if not isinstance(found.cuda, str) else [*lines, found.cuda]


def speed_legend(found: Benchmark) -> list[str]:
    """Tell, a line for each contest, what lies inside the clock and who the peers are."""
    lines = []
    for contest in found.contests:
        peers = [f"{peer.title} is {peer.what}" for peer in contest.peers.values()]
        lines.append(f"{contest.title}: {'; '.join([contest.inside, *peers])}.")
    return lines


def speed_tables(found: Benchmark) -> list[DataTable]:
    """Lay out everything that was measured; what was not asked for has no table."""
    tables = []
    if found.contests:
        tables += [ratio_table(found), memory_table(found)]
        tables += [first_result_table(contest) for contest in found.contests if _firsts(contest)]
    if found.growth:
        tables.append(growth_table(found.growth))
    if found.larger_than_memory:
        tables.append(larger_table(found.larger_than_memory))
    if found.cuda and not isinstance(found.cuda, str):
        tables.append(cuda_table(found.cuda))
    return tables


def ratio_table(found: Benchmark) -> DataTable:
    """Lay out our cost beside each peer's."""
    rows: list[list[str]] = []
    sections, notes = [], []
    for contest in found.contests:
        sections.append(len(rows))
        for place, row in enumerate(contest.rows):
            title = "" if place else contest.title
            rows.append([title, *_ratio_cells(contest, row)])
            if row.fault:
                notes.append(f"{contest.name}, {row.peer or 'ours'}: {row.fault}.")
        ours = contest.sides.get(OURS)
        fixed = None if ours is None else ours.extras.get("fixed")
        if fixed is not None:
            notes.append(
                f"{contest.name}: beside its batches an epoch takes {_seconds(fixed)} s "
                "(callbacks, pictures, checkpoint, and scoring one batch)."
            )
    asked = found.asked
    note = (
        f"Medians of {format_counted(asked.repeats, 'round')} after {asked.warm_up} to "
        "warm up, all "
        "sides in turns; in brackets the smallest and the largest, of the ratio within one round. "
        "Milliseconds are per scan, ratios ours / peer. " + " ".join(notes)
    )
    columns = ("what", "beside", "ours", "peer", "ratio", "target", "")
    return DataTable("Speed", columns, rows, note.strip(), 2, sections[1:])


def _ratio_cells(contest: HeldContest, row: RatioRow) -> list[str]:
    peer, target = row.peer, row.target
    beside = "" if peer is None else contest.peers[peer].title
    limit = UNKNOWN if target is None else f"≤ {target:g}{' s' if peer is None else ''}"
    if row.fault:
        return [beside, UNKNOWN, UNKNOWN, UNKNOWN, limit, "not measured"]
    ours = contest.sides[OURS]
    theirs = UNKNOWN if peer is None else cost(contest.sides[peer])
    ratio = UNKNOWN if row.ratio is None else _spread(row.ratio, 1)
    verdict = {True: "met", False: "missed", None: ""}[row.met]
    return [beside, cost(ours), theirs, ratio, limit, verdict]


def memory_table(found: Benchmark) -> DataTable:
    """Lay out the most memory that each side took."""
    rows: list[list[str]] = []
    sections = []
    for contest in found.contests:
        if contest.sides:
            sections.append(len(rows))
        for place, (name, side) in enumerate(contest.sides.items()):
            title = "" if place else contest.title
            displayed = contest.peers[name].title if name in contest.peers else name
            memory = (side.peak_resident, side.peak_anonymous)
            used = side.extras.get("processor")
            turn = UNKNOWN if used is None else _seconds(used)
            rows.append([title, displayed, *map(mebibytes, memory), turn])
    note = (
        "Of the side's own process; anonymous memory with its loader workers, as found by looking "
        "again and again. Resident memory counts pages of mapped files, which the kernel takes "
        "back when it needs them, anonymous memory does not. Processor time is that of all cores "
        "in a whole turn, loader workers and what is not timed included; other work on the machine "
        "changes it less than the clock's seconds."
    )
    columns = (
        *("what", "side", "peak resident (MiB)", "peak anonymous (MiB)"),
        "processor time per turn (s)",
    )
    return DataTable("Memory and processor time", columns, rows, note, 2, sections[1:])


def first_result_table(contest: HeldContest) -> DataTable:
    """Lay out what passes until a side has its first validation score."""
    rows = []
    for name, (first, prepare) in _firsts(contest).items():
        title = contest.peers[name].title if name in contest.peers else name
        rows.append([title, _digits(first), UNKNOWN if prepare is None else _digits(prepare)])
    note = (
        "Measured once, from the start of the process to the end of the first epoch's validation, "
        "imports included; waiting for other sides left out."
    )
    columns = ("side", "seconds", "of them preparing scans")
    return DataTable(f"Time to the first validation score, {contest.title}", columns, rows, note, 1)


def _firsts(contest: HeldContest) -> dict[str, tuple[float, float | None]]:
    """Give, for each side that told it, seconds to its first result, and what prepared scans."""
    return {
        name: (
            side.extras["first"].median,
            side.extras["prepare"].median if "prepare" in side.extras else None,
        )
        for name, side in contest.sides.items()
        if "first" in side.extras
    }


def growth_table(growth: Sequence[GrowthSeries]) -> DataTable:
    """Lay out our cost per scan at three sizes."""
    rows, faults = [], []
    for series in growth:
        cells = []
        for size in series.sizes:
            side = series.sides.get(str(size))
            cells.append(UNKNOWN if side is None else _grown(size, side))
        rows.append([series.title, series.axis, *cells])
        name = f"{series.title} by {series.axis}"
        faults += [f"{name}, {size}: {fault}." for size, fault in series.failed.items()]
    note = "Our side alone: size, milliseconds per scan (median), peak anonymous memory. "
    columns = ("what", "grows with", "small", "middle", "large")
    return DataTable("Growth", columns, rows, (note + " ".join(faults)).strip(), 2)


def _grown(size: int, side: SideTimes) -> str:
    return f"{size:,}: {cost(side, brackets=False)}, {mebibytes(side.peak_anonymous)} MiB"


def larger_table(larger: LargerSet) -> DataTable:
    """Lay out training on a set larger than memory beside one that fits."""
    rows, faults = [], []
    for entry in larger.sets:
        side = entry.side
        cells = [UNKNOWN] * 3
        if side is not None:
            memory = (side.peak_anonymous, side.peak_resident)
            cells = [cost(side), *map(mebibytes, memory)]
        else:
            faults.append(f"{entry.scans:,} scans: {entry.fault}.")
        size = f"{entry.bytes / 2**30:.1f}"
        rows.append([format_count(entry.scans), size, str(entry.num_workers), *cells])
    physical = larger.physical_memory
    known = "" if physical is None else f"The machine has {physical / 2**30:.1f} GiB. "
    columns = (
        *("scans", "images.npy (GiB)", "loader workers", "training GBMnet, per scan"),
        *("peak anonymous (MiB)", "peak resident (MiB)"),
    )
    note = f"{known}Batches are drawn at random from the whole set. {' '.join(faults)}"
    return DataTable("A set larger than memory", columns, rows, note.strip(), 1)


def cuda_table(trainings: Sequence[CudaTraining]) -> DataTable:
    """Lay out whole trainings on an NVIDIA card."""
    rows, faults = [], []
    for entry in trainings:
        whole_run, profiled = entry.whole, entry.profiled
        seconds = UNKNOWN if whole_run is None else f"{whole_run.cost.median:.1f}"
        share = None if profiled is None else profiled.extras["share"].median
        rows.append([entry.model, format_count(entry.epochs), seconds, format_percent(share)])
        if entry.fault:
            faults.append(f"{entry.model}: {entry.fault}.")
    note = (
        "One training of each, all included but the imports; the card's share from torch.profiler "
        f"on a few epochs of a training of its own. {' '.join(faults)}"
    )
    columns = ("network", "epochs", "seconds", "card at work")
    return DataTable("Whole trainings on the card", columns, rows, note.strip())


def cost(side: SideTimes, brackets: bool = True) -> str:
    """Write what a side takes: milliseconds per scan, or seconds where there are no scans.

    >>> side = SideTimes(Spread(1.234, 1.2, 1.3), (), None, {}, None, None, None)
    >>> scans = SideTimes(Spread(0.00123, 0.001, 0.002), (), 10, {}, None, None, None)
    >>> cost(side), cost(scans, brackets=False)
    ('1.23 (1.20 to 1.30) s', '1.23 ms')
    """
    factor, unit = (1, "s") if side.scans is None else (1000, "ms")
    displayed = _spread(side.cost, factor) if brackets else _digits(side.cost.median * factor)
    return f"{displayed} {unit}"


def mebibytes(size: int | None) -> str:
    """Write bytes as MiB.

    >>> mebibytes(3 * 2**30)
    '3,072'
    """
    return format_count(None if size is None else round(size / MIB))


def _seconds(values: Spread) -> str:
    return _spread(values, 1)


def _spread(values: Spread, factor: float) -> str:
    low, high = (_digits(getattr(values, end) * factor) for end in ("low", "high"))
    return f"{_digits(values.median * factor)} ({low} to {high})"


def _digits(value: float) -> str:
    """Write a number with three digits that count, but no more than three decimals."""
    for least, decimals in ((100, 0), (10, 1), (1, 2)):
        if value >= least:
            return f"{value:,.{decimals}f}"
    return f"{value:.3f}"


def measured_ratios(found: Benchmark) -> Iterator[tuple[str, str, Spread, RatioRow]]:
    """Give contest, peer and row of every ratio that was measured."""
    for contest in found.contests:
        for row in contest.rows:
            if not row.fault and row.ratio is not None and row.peer is not None:
                yield contest.title, contest.peers[row.peer].title, row.ratio, row
