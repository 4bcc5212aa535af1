"""The instants of a query: when a row was, when it was known, the cutoff, and the row's age at it."""

from sqlglot import exp

AT, KNOWN, CUTOFF = exp.column("at", "d"), exp.column("known", "d"), exp.column("cutoff", "s")
DAY = exp.cast(AT, "DATE")
AGE = exp.DateDiff(this=exp.cast(CUTOFF, "DATE"), expression=DAY, unit=exp.var("DAY"))
