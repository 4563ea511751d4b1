"""How far back a tenant may look."""

from datetime import UTC, date, datetime

import pytest

from services.billing.consumption.model import (
    ConsumptionSettings,
    HistoryLimitExceeded,
)
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id

# October already, at the site.
NOW = datetime(2024, 9, 30, 17, tzinfo=UTC)


def settings(months: int | None) -> ConsumptionSettings:
    return ConsumptionSettings(tenant_id=new_id(), history_months=months)


def test_without_a_limit_everything_may_be_looked_at() -> None:
    settings(None).refuse_before_limit(date(2006, 1, 1), now=NOW)

    assert settings(None).oldest_cycle(NOW) is None


def test_the_limit_counts_months_before_the_current_one() -> None:
    limited = settings(18)

    limited.refuse_before_limit(date(2023, 4, 1), now=NOW)
    with pytest.raises(HistoryLimitExceeded) as refusal:
        limited.refuse_before_limit(date(2023, 3, 1), now=NOW)

    assert refusal.value.metadata == {"oldest_billing_cycle": "2023-04"}


@pytest.mark.parametrize("months", [-1, 1201])
def test_a_limit_beyond_reason_is_refused(months: int) -> None:
    with pytest.raises(InvalidArgument):
        settings(None).limit_history(months)
