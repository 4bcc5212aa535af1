"""Who may ask, how often, and what is written of it."""

import math
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from time import monotonic

from serving.api.refused import Refused
from serving.metrics import Metrics
from serving.safety.audit import Audit, Line
from serving.safety.binding import loopback
from serving.safety.key_file import Action
from serving.safety.key_ring import KeyRing
from serving.safety.keys import ANYONE, Caller, NotAllowed
from serving.safety.rate import Limits, cost_of

_ours_alone = lru_cache(16)(loopback)


class Guard:
    """Keys (`ring` None: nobody needs one), rates and the audit log (None: there is none)."""

    def __init__(self, ring: KeyRing | None, limits: Limits, audit: Audit | None, metrics: Metrics) -> None:
        self.ring, self.limits, self.audit, self.metrics = ring, limits, audit, metrics
        self._dropped = 0

    def caller(self, presented: bytes | None, now: datetime, *, at: str) -> Caller:
        """Tell who asks `at` an address of ours. Raises `Refused`: 401 without a valid key, 429 over the key's rate.

        Where nobody needs a key, only this machine may ask: 403 at an address that others reach.
        """
        if self.ring is None:
            if not _ours_alone(at):
                message = "without API keys only the machine itself may ask; make one by `augury keys add NAME`"
                raise Refused(HTTPStatus.FORBIDDEN, "forbidden", message)
            return ANYONE
        try:
            caller = self.ring.who(presented, now)
        except NotAllowed as error:
            raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", str(error), www_authenticate="Bearer") from None
        self.charge(caller, 1.0)
        return caller

    def charge_for(self, caller: Caller, customers: int) -> None:
        """Take what a request for many customers costs beyond the 1 that was paid at the door. Raises `Refused`."""
        if customers > 1:
            self.charge(caller, cost_of(customers), paid=1.0)

    def charge(self, caller: Caller, cost: float, *, paid: float = 0.0) -> None:
        """Take a cost from a key's bucket, of which so much was paid already. Raises `Refused`."""
        wait = self.limits.allow(caller, cost, now=monotonic(), paid=paid)
        if wait > 0:
            self.metrics.limited(caller.id)
            seconds = str(math.ceil(wait))
            message = f"over the rate of this key; ask again in {seconds} s"
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", message, retry_after=seconds)

    def check_action(self, caller: Caller, action: Action) -> None:
        """Raise `Refused` where the key is not for this."""
        if not caller.may_do(action):
            message = f"the key is not for {action!r}; ask for another one"
            raise Refused(HTTPStatus.FORBIDDEN, "forbidden", message)

    def write(self, line: Line) -> None:
        """Put a line into the audit log; what it could not take is counted."""
        if self.audit is None:
            return
        self.audit.note(line)
        lost = self.audit.dropped + self.audit.lost
        if lost > self._dropped:
            self.metrics.audit_dropped.inc(lost - self._dropped)
            self._dropped = lost

    def close(self) -> None:
        """Write what is not written yet."""
        if self.audit is not None:
            self.audit.close()
