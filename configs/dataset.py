"""What a dataset file says: where the tables of a customer base lie, and how their columns are called.

```toml
zone = "Europe/Berlin"            # times without offset are that zone's, others are converted to it; default UTC

[tables.transactions]
csv = "sales/2025-*.csv"          # or parquet, or duckdb, or postgresql; also s3://… and https://…
columns.customer_id = "client"    # ours = theirs; columns of the same name need no line
formats.time = "%d.%m.%Y"         # where times are no ISO times
formats.weight = "number"         # columns of your own are text in a CSV, unless you say otherwise

[policy]
returns = "net"                   # negative amounts become returns
```

Any of transactions, subscriptions, events and touches will do. Without transactions nothing tells where the history
ends, since contracts may end later:

```toml
end = 2025-10-01T00:00:00         # the first instant of which nothing is known

[tables.subscriptions]
csv = "contracts.csv"             # customer_id, plan, start, end (empty while open) and, if any, price, term_days

[policy]
grace_days = 14                   # contracts at most so far apart are one membership
```

`costs = "costs.toml"` at the top gives every line its part of what a cost sheet (`configs.costs`) says: what is learned
from margins, and of them, is then about contributions.

Or one table of customers alone, a row a customer, without dates:

```toml
[table]
parquet = "telco.parquet"
columns.customer_id = "customerID"
formats.TotalCharges = "number"   # text that is a number; a blank one is none
```
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from configs.toml import HERE, Strict, find, names, read

FOLDER = HERE / "datasets"
CUSTOMERS: Final = "customers"
"""What the table is that comes without a name."""

Returns = Literal["raise", "net", "drop"]
Discounts = Literal["in", "out"]
Duplicates = Literal["keep", "drop"]
Rejects = Literal["stop", "keep"]


class TableFile(Strict):
    """Where one table lies: exactly one of `csv`, `parquet` (a path or glob), `duckdb` or `postgresql` (with `table`).

    `duckdb` is the path of a database file, `postgresql` a connection URI; each may be `$NAME` of an environment
    variable that holds it. Relative paths start at the dataset file's folder; a `csv` or `parquet` may be a URL.
    Folders called `column=value` are a column.
    """

    csv: str | None = None
    parquet: str | None = None
    duckdb: str | None = None
    postgresql: str | None = None
    table: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    formats: dict[str, str] = Field(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        given = [kind for kind in ("csv", "parquet", "duckdb", "postgresql") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"say exactly one of csv, parquet, duckdb, postgresql, not {given or 'none'}")
        if (self.table is not None) != (given[0] in ("duckdb", "postgresql")):
            raise ValueError("duckdb and postgresql need the name of a table; files have none")


class CurrencyFile(Strict):
    """The `base` currency, and the CSV or Parquet file of `rates` with columns currency, rate and, if any, from."""

    base: str
    rates: str


class PolicyFile(Strict):
    """The policies that a dataset file sets (`features.policy.Policy` says what they mean); others are the default."""

    returns: Returns | None = None
    discounts: Discounts | None = None
    duplicates: Duplicates | None = None
    rejects: Rejects | None = None
    currency: CurrencyFile | None = None
    grace_days: int | None = Field(default=None, ge=0)


class DatasetFile(Strict):
    """The `tables` of a customer base, or the one `table` of customers, without dates.

    `end` is the first instant of which nothing is known. `zone` is the IANA time zone whose local time the history is
    in. `rejected` is the folder for rows that cannot be used, where `policy.rejects` is "keep". `costs` is a cost
    sheet, by its name or by the path of its file, by which lines are costed.
    """

    tables: dict[str, TableFile] = Field(default_factory=dict)
    table: TableFile | None = None
    end: datetime | None = None
    zone: str = "UTC"
    policy: PolicyFile = Field(default_factory=PolicyFile)
    rejected: str | None = None
    costs: str | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        if bool(self.tables) == (self.table is not None):
            found = "both" if self.tables else "none"
            raise ValueError(f"say either [tables.NAME], a history, or [table], customers without dates, not {found}")
        if (self.policy.rejects == "keep") != (self.rejected is not None):
            raise ValueError('policy.rejects = "keep" and rejected = "FOLDER" go together: say both, or neither')

    @property
    def named(self) -> Mapping[str, TableFile]:
        """Give the tables by the name that they have in a history."""
        return self.tables if self.table is None else {CUSTOMERS: self.table}


def read_dataset(name: str) -> tuple[DatasetFile, Path]:
    """Read a dataset file by name or path; gives it and the folder that relative paths start at."""
    path = find("dataset", FOLDER, name)
    return read(path, DatasetFile), path.resolve().parent


def dataset_names() -> list[str]:
    """List the datasets that are files."""
    return names(FOLDER)
