"""The catalogue: every feature, target and population by family, from the declarations alone."""

import importlib
import importlib.util
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from features.declaration import Declaration
from features.engine.views import reads
from features.expression import Aggregate, PastAggregate
from features.library import FEATURES, POPULATIONS, TARGETS
from features.library.attributes import attribute
from features.readable import readable

Sort = Literal["feature", "target", "population"]

ENGINES: Final = ("kernel", "duckdb", "spark")
"""What computes declarations; what is said in SQL the kernel does not know."""
_SENTENCE: Final = re.compile(r"(?<=[.:])\s+(?=[A-Z])")
_YEAR: Final = re.compile(r"\((?:18|19|20)\d\d\)")


@dataclass(frozen=True)
class Entry:
    """A declaration as the catalogue has it: its fields are texts for people.

    `kind` is what a target measures, `per` whom it is a number of, `reads` what it reads of which view, `windows` the
    times its aggregates are over, `empty` its value where there are no events, `source` the papers that it or its
    family names.
    """

    sort: Sort
    name: str
    family: str
    meaning: str
    unit: str
    kind: str
    per: str
    expression: str
    reads: Mapping[str, Sequence[str]]
    windows: Sequence[str]
    empty: str
    drift: str
    source: str
    engines: Sequence[str]
    fingerprint: str

    @property
    def facts(self) -> list[str]:
        """List what there is to say of it in short: `unit: days`, `reads: purchases (amount, discount)`."""
        read = [f"{view} ({', '.join(names)})" if names else view for view, names in self.reads.items()]
        facts = {
            "unit": self.unit,
            "kind": self.kind,
            "per": self.per,
            "reads": ", ".join(read),
            "over": "; ".join(self.windows),
            "empty": self.empty,
            "drift": self.drift,
            "engines": ", ".join(self.engines),
            "fingerprint": self.fingerprint,
            "source": self.source,
        }
        return [f"{name}: {fact}" for name, fact in facts.items() if fact]


@dataclass(frozen=True)
class Family:
    """The declarations of a file, under what the file says of them."""

    sort: Sort
    name: str
    meaning: str
    entries: Sequence[Entry]


def catalogue() -> list[Family]:
    """List the families of features, the targets and the populations; and of attributes, what they are."""
    families: dict[tuple[Sort, str], list[Entry]] = {}
    for sort, registry in _REGISTRIES.items():
        for each in sorted(registry.values(), key=lambda each: each.family):
            families.setdefault((sort, each.family), []).append(_entry(sort, each))
    made = [Family(sort, name, meaning_of(name), entries) for (sort, name), entries in families.items()]
    return [*made, Family("feature", "attributes", _attributes(), [])]


def meaning_of(family: str) -> str:
    """Give what a file of the library says of its declarations; nothing for a family that is declared elsewhere."""
    name = f"features.library.{family}"
    found = importlib.util.find_spec(name)
    return "" if found is None else _flowing(importlib.import_module(name).__doc__ or "")


def engines(declared: Declaration) -> tuple[str, ...]:
    """Name the engines that can compute a declaration. Rows that are questions are listed by DuckDB alone."""
    if declared.anchored:
        return ("duckdb",)
    return ENGINES[1:] if declared.sql_only else ENGINES


def markdown(families: Sequence[Family]) -> str:
    """Write the catalogue as a page."""
    head = _HEAD.format(count=_count(families), families=_index(families))
    return "\n".join([head, *map(_section, families)])


_REGISTRIES: Final[Mapping[Sort, Mapping[str, Declaration]]] = {
    "feature": FEATURES,
    "target": TARGETS,
    "population": POPULATIONS,
}
_HEAD: Final = """# Features, targets and populations

Made by `augury features catalogue` from the declarations under `features/library/`; do not edit it.
{count}

An expression reads as it is computed: `sum(amount) of purchases within 28 days where discount > 0` adds up the column
`amount` over the rows of the view `purchases` of the 28 days before the cutoff. `days of purchases` are the customer's
purchase days, to which the rows are summed first; `older than 28 days` leaves out the last 28 days. A division by 0
gives nothing. `age_days` counts back from the cutoff, and `half-life 14 days` lets a row of 14 days ago count half.
*Empty* is the value where there are no events, or no number. Features that drift *elapsed* grow with the calendar: they
are reported, and never alarmed on. Two declarations with one fingerprint give the same numbers. A target is over the
events of the horizon, everything else over those known before the cutoff.

{families}
"""


def _entry(sort: Sort, declared: Declaration) -> Entry:
    meaning = _flowing(re.sub(r"\s*Unit: .+?\.(?=\s|$)", "", declared.meaning))
    return Entry(
        sort=sort,
        name=declared.name,
        family=declared.family,
        meaning=meaning,
        unit=declared.unit,
        kind=declared.kind if sort == "target" else "",
        per=_per(declared),
        expression=readable(declared),
        reads={view: sorted(names) for view, names in reads(declared).items()},
        windows=_windows(sort, declared),
        empty="nothing" if declared.empty is None else f"{declared.empty:g}",
        drift=declared.drift if sort == "feature" else "",
        source=_sources(meaning) or _sources(meaning_of(declared.family)),
        engines=engines(declared),
        fingerprint=declared.fingerprint,
    )


def _per(declared: Declaration) -> str:
    if declared.anchored:
        return f"row of {declared.of}"
    return "customer and " + declared.by if declared.by else "customer"


def _windows(sort: Sort, declared: Declaration) -> list[str]:
    if sort == "target":
        compared = [each for each in declared.aggregates if isinstance(each, PastAggregate)]
        return ["the horizon", *dict.fromkeys(f"{_window(each)} before the cutoff" for each in compared)]
    if declared.anchored:
        return ["from the first cutoff to before the last"]
    return list(dict.fromkeys(map(_window, declared.aggregates)))


def _window(each: Aggregate) -> str:
    since, until = each.window_days, each.until_days
    if since is not None:
        said = f"{since} to {until} days back" if until else f"last {since} days"
    else:
        said = f"all but the last {until} days" if until else "all time"
    return f"{said}, half-life {each.half_life_days} days" if each.half_life_days else said


def _sources(text: str) -> str:
    """Keep the sentences that name a year of publication."""
    return " ".join(sentence for sentence in _SENTENCE.split(text) if _YEAR.search(sentence))


def _flowing(text: str) -> str:
    """Join the lines of a docstring."""
    return " ".join(inspect.cleandoc(text).split())


def _count(families: Sequence[Family]) -> str:
    counts = {sort: sum(len(each.entries) for each in families if each.sort == sort) for sort in _REGISTRIES}
    said = f"{counts['feature']} features, {counts['target']} targets and {counts['population']} populations"
    return f"{said}; columns of the table `customers` are [features too](#attributes)."


def _index(families: Sequence[Family]) -> str:
    return "\n".join(
        f"- [{each.name}](#{each.name}): {', '.join(f'`{entry.name}`' for entry in each.entries)}"
        for each in families
        if each.entries
    )


def _section(family: Family) -> str:
    return "\n".join([f"## {family.name}\n", f"{family.meaning}\n", *map(_item, family.entries)])


def _item(entry: Entry) -> str:
    return f"### `{entry.name}`\n\n{entry.meaning}\n\n    {entry.expression}\n\n{' · '.join(entry.facts)}\n"


def _attributes() -> str:
    return f"{meaning_of('attributes')} {_flowing(attribute.__doc__ or '')}"
