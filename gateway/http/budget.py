"""What a principal may still spend: a bucket that fills again at a steady rate."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from gateway.http.errors import Refused

# A principal who was forgotten starts with a full bucket, as one who has been away for a minute.
PRINCIPALS_MAX = 10_000


@dataclass(slots=True)
class Bucket:
    available: float
    filled_at: float


class Budget:
    """Cost points per minute and principal, kept in this process."""

    def __init__(self, *, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.maximum = per_minute
        self.rate = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def spend(self, cost: int, *, of: Hashable) -> Bucket:
        """Take what an operation may cost; give the bucket, to settle with.

        :raises Refused: THROTTLED, with the seconds after which it would pass.
        """
        bucket = self._bucket(of)
        if bucket.available < cost:
            seconds = int((cost - bucket.available) / self.rate) + 1
            raise Refused(
                "THROTTLED",
                f"The budget is spent; try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
                cost=self._status(bucket, requested=cost, actual=None),
            )
        bucket.available -= cost
        return bucket

    def settle(self, bucket: Bucket, *, requested: int, actual: int) -> dict[str, object]:
        """Give back what an operation did not need, and tell what it cost."""
        bucket.available = min(self.maximum, bucket.available + requested - actual)
        return self._status(bucket, requested=requested, actual=actual)

    def _status(self, bucket: Bucket, *, requested: int, actual: int | None) -> dict[str, object]:
        """Tell the cost in the shape that Shopify made known."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": int(bucket.available),
                "restoreRate": round(self.rate, 2),
            },
        }

    def _bucket(self, principal: Hashable) -> Bucket:
        now = self._clock()
        bucket = self._buckets.get(principal)
        if bucket is None:
            bucket = self._buckets[principal] = Bucket(self.maximum, now)
            if len(self._buckets) > PRINCIPALS_MAX:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(principal)
        passed = now - bucket.filled_at
        bucket.available = min(self.maximum, bucket.available + passed * self.rate)
        bucket.filled_at = now
        return bucket
