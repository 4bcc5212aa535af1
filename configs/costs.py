"""What a cost sheet says: what serving customers costs beyond what their lines say, for a statement of a period.

```toml
title = "Shop 2025"
currency = "EUR"
since = 2025-01-01                # the period of the statement, and of `administration` and `not_attributed`;
until = 2026-01-01                # another period takes its share of both by days

[product]
share = 0.62                      # product cost of lines without one of their own
of = "net"                        # of what was paid; or "gross", before what was taken off
resold = 0.80                     # of such goods that come back so much can be sold again

[order]                           # cost of an order: picking, packing, sending, the till
default = 0.90
channels.web = 4.20

[payment]                         # share of what is paid
default = 0.0090
channels.web = 0.0190

[returned]                          # cost of an order that comes back, in whole or in part
default = 3.10

[contact]                         # cost of a touch that has none of its own
channels.email = 0.0020

[service]
customer_year = 2.40              # a year of everybody who buys in the period
events.complaint = 7.50           # an event of the kind

[administration]
amount = 90000.00
by = "net_revenue"                # or "orders", or "customers"

[[acquisition]]                   # spent in order to win customers, by the channel of their first purchase
channel = "web"
since = 2025-01-01
until = 2025-07-01
amount = 12000.00

[not_attributed]                  # what is nobody's: it stands in a row of its own
brand_advertising = 8000.00
```

Shares and costs of one thing have at most four decimals, so that all that is made of them is exact.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PositiveInt

from configs.toml import HERE, Strict, find, names, read

FOLDER: Final = HERE / "costs"

Each = Annotated[Decimal, Field(ge=0, decimal_places=4, max_digits=18, allow_inf_nan=False)]
"""Currency for one of something."""
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4, allow_inf_nan=False)]
"""A share of money."""
Total = Annotated[Decimal, Field(ge=0, max_digits=18, allow_inf_nan=False)]
"""Currency for a whole period."""


class Rates(Strict):
    """A cost of one thing by the channel it comes through; `default` is for channels not named, and for none."""

    default: Each | None = None
    channels: dict[str, Each] = Field(default_factory=dict)


class Shares(Strict):
    """A share of money by the channel it comes through; `default` is for channels not named, and for none."""

    default: Share | None = None
    channels: dict[str, Share] = Field(default_factory=dict)


class Product(Strict):
    """What goods cost where a line does not say: a `share` `of` the net or gross amount; `resold` of it comes back."""

    share: Share | None = None
    of: Literal["net", "gross"] = "net"
    resold: Share = Decimal(1)


class Service(Strict):
    """Cost to serve: `customer_year` for everybody who buys, and what an event of a kind costs."""

    customer_year: Each = Decimal(0)
    events: dict[str, Each] = Field(default_factory=dict)


class Administration(Strict):
    """What cannot be caused by customers, and by what it is spread over them all the same."""

    amount: Total
    by: Literal["net_revenue", "orders", "customers"] = "net_revenue"


class Acquisition(Strict):
    """What was spent in [since, until) to win customers of a channel."""

    channel: str
    since: date
    until: date
    amount: Total

    def model_post_init(self, context: Any, /) -> None:
        """Refuse a period that is none."""
        _check_period(self.since, self.until)


class Economics(Strict):
    """By what acquisition and retention are reckoned: the yearly rate of `discount`, the months of a `period` of
    retention, and those of the `horizon` over which what customers bring is held against what winning them cost.

    Who bought before `known_since` was there already: nobody knows since when.
    """

    discount: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.10")
    period_months: PositiveInt = 3
    horizon_months: PositiveInt = 12
    known_since: date | None = None


class CostSheet(Strict):
    """Costs of a period [since, until). A channel of the data that neither a name nor a `default` covers is refused.

    `coupons` are "ours" where they take off what we get; "reimbursed" where their maker pays us what they take off, so
    that the amount of a line has it in. `decimals` are those of the currency: every figure is rounded to them.
    """

    title: str
    currency: str = ""
    decimals: int = Field(default=2, ge=0, le=4)
    since: date | None = None
    until: date | None = None
    coupons: Literal["ours", "reimbursed"] = "ours"
    product: Product = Field(default_factory=Product)
    order: Rates = Rates(default=Decimal(0))
    payment: Shares = Shares(default=Decimal(0))
    returned: Rates = Rates(default=Decimal(0))
    contact: Rates = Rates(default=Decimal(0))
    service: Service = Field(default_factory=Service)
    administration: Administration | None = None
    acquisition: list[Acquisition] = Field(default_factory=list)
    not_attributed: dict[str, Total] = Field(default_factory=dict)
    economics: Economics = Field(default_factory=Economics)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        if (self.since is None) != (self.until is None):
            raise ValueError("say both since and until, the period that totals are of, or neither")
        if self.since is not None and self.until is not None:
            _check_period(self.since, self.until)
        if self.since is None and (self.administration is not None or self.not_attributed):
            raise ValueError("administration and not_attributed are of a period: say since and until")

    @property
    def rates(self) -> Mapping[str, Rates | Shares]:
        """Give what differs by channel, by the name that it has in the sheet."""
        return {"order": self.order, "payment": self.payment, "returned": self.returned, "contact": self.contact}


def _check_period(since: date, until: date) -> None:
    if until <= since:
        raise ValueError(f"the period ends ({until}) before it begins ({since}); until is the first day that is out")


def read_costs(name: str, *, folder: Path | None = None) -> CostSheet:
    """Read a cost sheet by its name or by the path of its file, which may start at a folder.

    Raises `UnknownName` and `ConfigError`.
    """
    beside = folder / name if folder is not None else Path(name)
    return read(find("cost sheet", FOLDER, str(beside) if beside.is_file() else name), CostSheet)


def cost_names() -> list[str]:
    """List the cost sheets."""
    return names(FOLDER)
