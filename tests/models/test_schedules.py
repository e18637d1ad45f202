from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from brain_tumor.arguments import check_arguments
from brain_tumor.errors import ConfigError
from brain_tumor.models.schedules import OneCycle, WarmupCosine, make_schedule, steps_per_batch


def optimizer(*rates: float) -> torch.optim.Optimizer:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=1.0, momentum=0.9)


def rates_of(schedule: object, steps: int) -> torch.Tensor:
    """Give the rate of every group in every step, `(steps, groups)`."""
    rows = []
    for _ in range(steps):
        rows.append([group["lr"] for group in schedule.optimizer.param_groups])
        schedule.optimizer.step()
        schedule.step()
    return torch.tensor(rows, dtype=torch.float64)


@given(steps=st.integers(2, 200), warmup=st.floats(0.0, 0.9))
def test_warmup_rises_to_the_group_s_rate_and_falls_to_zero(steps: int, warmup: float) -> None:
    schedule = WarmupCosine(optimizer(0.1, 0.01), steps, warmup)
    rates = rates_of(schedule, steps)
    torch.testing.assert_close(rates[:, 0], 10 * rates[:, 1])
    assert (rates >= 0).all()
    assert rates.max() <= 0.1 + 1e-12
    top = int(rates[:, 0].argmax())
    assert (rates[: top + 1, 0].diff() >= 0).all()
    assert (rates[top:, 0].diff() <= 1e-12).all()
    assert abs(top - warmup * steps) <= 1
    # After the last step nothing is left.
    assert schedule.get_last_lr()[0] == pytest.approx(0.0, abs=1e-9)


def test_without_warmup_it_is_torch_s_cosine() -> None:
    ours = rates_of(WarmupCosine(optimizer(0.1), 50, 0.0), 50)
    theirs = rates_of(CosineAnnealingLR(optimizer(0.1), T_max=50), 50)
    torch.testing.assert_close(ours, theirs)


def test_one_cycle_is_torch_s_with_every_group_s_own_height() -> None:
    ours = rates_of(OneCycle(optimizer(0.1, 0.01), 40, 0.25), 40)
    for group, rate in enumerate((0.1, 0.01)):
        theirs = OneCycleLR(optimizer(rate), max_lr=rate, total_steps=40, pct_start=0.25)
        torch.testing.assert_close(ours[:, [group]], rates_of(theirs, 40))


@pytest.mark.parametrize(
    ("make", "value"), [(WarmupCosine, 1.0), (WarmupCosine, -0.1), (OneCycle, 0.0), (OneCycle, 1.0)]
)
def test_a_share_outside_its_range_is_refused(make: type, value: float) -> None:
    with pytest.raises(ConfigError, match="warmup must be a number"):
        check_arguments(make, {"warmup": value}, provided=("optimizer", "total_steps"))


def test_who_asks_for_the_number_of_batches_steps_with_every_one() -> None:
    assert steps_per_batch(partial(WarmupCosine, warmup=0.2))
    assert steps_per_batch(partial(OneCycleLR, max_lr=0.1))
    assert not steps_per_batch(partial(CosineAnnealingLR, T_max=3))
    made = make_schedule(partial(OneCycleLR, max_lr=0.1), optimizer(0.1), 7)
    assert made.total_steps == 7
    assert isinstance(
        make_schedule(partial(CosineAnnealingLR, T_max=3), optimizer(0.1), 7), CosineAnnealingLR
    )


@pytest.mark.parametrize("make", [WarmupCosine, OneCycle])
def test_its_state_goes_on_where_it_was_and_is_plain(make: type, tmp_path) -> None:
    whole = rates_of(make(optimizer(0.1), 20), 20)
    first = make(optimizer(0.1), 20)
    rates_of(first, 8)
    state = {"schedule": first.state_dict(), "optimizer": first.optimizer.state_dict()}
    torch.save(state, tmp_path / "state")
    state = torch.load(tmp_path / "state", weights_only=True)
    second = make(optimizer(0.1), 20)
    second.optimizer.load_state_dict(state["optimizer"])
    second.load_state_dict(state["schedule"])
    torch.testing.assert_close(rates_of(second, 12), whole[8:])
