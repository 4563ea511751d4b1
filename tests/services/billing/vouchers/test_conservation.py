"""Whatever happens to quotas and vouchers: no amount is lost, doubled or below zero (6.6)."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.kit.database import Database
from tests.builders.voucher_story import a_story

WHICH = st.integers(0, 9)
# Cents; few values, so that quotas and vouchers are often emptied to the last.
CENTS = st.sampled_from([1, 1000, 2500, 5000, 10_000])
OWNERS = st.sampled_from(["distributor", "reseller"])
STEPS = st.one_of(
    st.tuples(st.just("delegate"), CENTS),
    st.tuples(st.just("issue"), WHICH, CENTS, st.sampled_from([1, 10, 200])),
    st.tuples(st.just("issue"), WHICH, CENTS, st.just(200)),
    st.tuples(st.just("take_back"), WHICH),
    st.tuples(st.just("reclaim"), WHICH),
    st.tuples(st.just("use"), WHICH, CENTS),
    st.tuples(st.just("refund"), WHICH),
    st.tuples(st.just("unbind"), OWNERS),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 60])),
)
# Through every turn: a part taken back with vouchers out, a refund to each kind of voucher that
# is no more, and an end that loses the rest.
EVERYTHING: list[Any] = [
    ("delegate", 5000),
    ("issue", 0, 1000, 10),
    ("issue", 1, 2500, 200),
    ("issue", 1, 1000, 200),
    ("use", 0, 1),
    ("use", 1, 1000),
    ("take_back", 1),
    ("take_back", 0),
    ("reclaim", 1),
    ("refund", 1),
    ("wait", 60),
    ("refund", 0),
    ("unbind", "reseller"),
    ("issue", 0, 1000, 200),
    ("wait", 60),
    ("delegate", 1),
    ("reclaim", 3),
]


@given(steps=st.lists(STEPS, min_size=4, max_size=20))
@example(steps=EVERYTHING)
@settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_story_of_quotas_and_vouchers_ends_as_the_oracle_says(
    database: Any, steps: list[Any]
) -> None:
    billing: Database = await database("billing")
    story = await a_story(billing, cents=10_000)

    for name, *said in steps:
        if name == "issue":
            which, cents, days = said
            await story.issue(which, cents, days=days)
        else:
            await getattr(story, name)(*said)
        await story.settle()

    await story.check()
