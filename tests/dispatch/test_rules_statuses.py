"""Which step may follow which, with and without a reason. Source: the API contract, “Dispatch”."""

import pytest

from webapp.dispatch.rules import statuses

FORWARD = [
    ("pending", "dispatched", ()),
    ("dispatched", "acknowledged", ()),
    ("dispatched", "en_route", ("acknowledged",)),
    ("dispatched", "on_site", ("acknowledged", "en_route")),
    ("acknowledged", "en_route", ()),
    ("acknowledged", "on_site", ("en_route",)),
    ("en_route", "on_site", ()),
    ("on_site", "in_progress", ()),
    ("in_progress", "completed", ()),
]


@pytest.mark.parametrize(("current", "to", "passed"), FORWARD)
def test_steps_forward(current: str, to: str, passed: tuple[str, ...]) -> None:
    assert statuses.step(current, to) == statuses.Step(to, passed)


def test_every_step_that_is_not_listed_is_refused_and_names_what_is_allowed() -> None:
    free = {(a, b) for a, b, _ in FORWARD} | {(a, "cancelled") for a in statuses.ORDER if a != "completed"}
    for current in statuses.STATUSES:
        assert set(statuses.allowed(current)) == {b for a, b in free if a == current}
        for to in statuses.STATUSES:
            if (current, to) in free:
                assert statuses.step(current, to).to == to
                continue
            with pytest.raises(statuses.Refused) as refused:
                statuses.step(current, to)
            for name in statuses.allowed(current):
                assert name in str(refused.value)


@pytest.mark.parametrize(
    ("current", "to"),
    [
        ("on_site", "en_route"),
        ("completed", "in_progress"),
        ("dispatched", "completed"),
        ("on_site", "completed"),
    ],
)
def test_a_reason_makes_going_back_and_passing_over_possible(current: str, to: str) -> None:
    assert statuses.step(current, to, override=True).overridden
    with pytest.raises(statuses.Refused) as refused:
        statuses.step(current, to)
    assert refused.value.overridable


@pytest.mark.parametrize(
    ("current", "to"),
    [
        ("completed", "cancelled"),
        ("cancelled", "dispatched"),
        ("on_site", "on_site"),
        ("pending", "on_site"),
        ("on_site", "pending"),
    ],
)
def test_no_reason_makes_these_right(current: str, to: str) -> None:
    with pytest.raises(statuses.Refused) as refused:
        statuses.step(current, to, override=True)
    assert not refused.value.overridable


@pytest.mark.parametrize(
    ("visits", "job"),
    [
        (["pending"], "pending"),
        (["completed", "pending"], "pending"),
        (["completed", "en_route"], "en_route"),
        (["completed", "completed"], "completed"),
        (["completed", "cancelled"], "completed"),
        (["cancelled"], "cancelled"),
    ],
)
def test_a_job_stands_where_its_first_open_visit_stands(visits: list[str], job: str) -> None:
    assert statuses.of_job(visits) == job
