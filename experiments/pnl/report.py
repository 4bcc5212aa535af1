"""All that is told of a statement: once made, shown on a terminal, as JSON, as files and as a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from configs.costs import CostSheet
from experiments.pnl.economics import economics
from features.history import History
from features.ledger import Statement, statement
from features.ledger.cohorts import Cohort, cohorts
from features.ledger.lines import TITLES
from features.ledger.segments import by_segment, segments, strangers
from features.ledger.whale import Whale, whale


@dataclass(frozen=True)
class Report:
    """A statement, its segments (in cents), their cohorts and what these come to (in currency)."""

    made: Statement
    by: str
    segments: pd.DataFrame
    cohorts: Sequence[Cohort]
    economics: Sequence[dict[str, Any]]
    notes: Sequence[str]

    @property
    def whale(self) -> Whale:
        """What the whale curve says."""
        return whale(self.made.customers["profit"].to_numpy())

    @property
    def without_losing(self) -> int:
        """What is left of the company's profit without what losing customers lose, in cents: what they bear of
        administration would be the others', so it is no forecast.
        """
        return self.whale.peak + self.made.nobody["profit"]

    @property
    def without_losing_said(self) -> str:
        """Write `without_losing`, and what is not in it."""
        borne = ", before others bear their administration" if self.made.company["administration"] else ""
        return f"{self.shown(self.without_losing)}{borne}"

    def money(self, cents: int) -> float:
        """Give cents as currency."""
        return round(float(cents / 10**self.made.sheet.decimals), self.made.sheet.decimals)

    def shown(self, cents: int) -> str:
        """Write cents as currency."""
        return f"{self.money(cents):,.{self.made.sheet.decimals}f}"

    def plain(self) -> dict[str, Any]:
        """Give all but single customers as plain data, money in currency."""
        made, whale = self.made, self.whale
        lines = made.reconciliation().map(self.money)
        rows = self.segments.astype("object").assign(**{each: self.segments[each].map(self.money) for each in TITLES})
        return {
            "dataset": made.dataset,
            "costs": made.sheet.title,
            "currency": made.sheet.currency,
            "since": made.period.since.isoformat(),
            "until": made.period.until.isoformat(),
            "notes": list(self.notes),
            "assumed": self.money(made.assumed),
            "statement": lines.to_dict("index"),
            "whale": {
                "customers": whale.customers,
                "losing": whale.losing,
                "losing_share": whale.losing_share,
                "lost": self.money(whale.lost),
                "peak": self.money(whale.peak),
                "peak_at": whale.peak_at,
                "total": self.money(whale.total),
                "without_losing": self.money(self.without_losing),
            },
            "segments": {"by": self.by, "rows": rows.to_dict("index")},
            "economics": list(self.economics),
        }


def report(
    history: History,
    sheet: CostSheet,
    *,
    by: str,
    since: pd.Timestamp | None = None,
    until: pd.Timestamp | None = None,
) -> Report:
    """Make the statement of a period, by segment, and the economics of its segments. Raises what `statement` raises."""
    made = statement(history, sheet, since=since, until=until)
    segment = segments(made, history, by)
    found = list(cohorts(made, history, segment))
    strange = strangers(made, by)
    notes = [*made.notes, *([] if strange is None else [strange])]
    return Report(made, by, by_segment(made, segment), found, economics(found, sheet.economics), notes)
