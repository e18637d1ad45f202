from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.rendering.numbers import (
    format_count,
    format_percent,
    format_percent_range,
    format_score,
)

shares = st.floats(0, 1)


@given(shares)
def test_a_percentage_is_near_its_share_and_exact_at_the_ends(share: float) -> None:
    shown = format_percent(share)
    number = float(shown.removesuffix(" %").lstrip("<>"))
    assert abs(number - 100 * share) <= 0.1
    assert (shown == "0.0 %") == (share == 0)
    assert (shown == "100.0 %") == (share == 1)


@given(st.lists(st.none() | shares))
def test_a_range_names_its_ends_once_and_in_order(values: list[float | None]) -> None:
    known = sorted(value for value in values if value is not None)
    if not known:
        assert format_percent_range(values) == format_percent(None)
        return
    ends = [format_percent(known[0]), format_percent(known[-1])]
    if ends[0] == ends[1]:
        assert format_percent_range(values) == ends[0]
    else:
        assert format_percent_range(values) == f"{ends[0].removesuffix(' %')} to {ends[1]}"


def test_what_is_not_known_is_a_dash() -> None:
    assert {format_count(None), format_percent(None), format_score(None)} == {"–"}  # noqa: RUF001
    assert format_score(0.884) == format_score(0.884, None, 0.9) == "0.884"
