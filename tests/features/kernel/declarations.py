"""Declarations of the whole vocabulary, for hypothesis to draw.

The engines compute in doubles (the kernel) and in decimals (SQL) once aggregates are combined, so an expression whose
value jumps (a comparison, a remainder, a division by what may be 0) is drawn of aggregates that both have exactly, and
not of what arithmetic made of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from features.declaration import Declaration
from features.expression import Aggregate, Events, Number, Operation, Values, aggregates

VIEWS: Final = ["purchases", "transactions", "returns", "events", "touches", "subscriptions", "renewals"]
EXACT: Final = {
    "purchases": ["amount", "discount", "quantity", "weekday", "hour"],
    "events": ["weekday", "hour"],
    "touches": ["cost", "hour"],
    "subscriptions": ["price", "term_days", "weekday"],
}
DOUBLES: Final = {"purchases": ["gift"], "events": ["gift"]}
TRUTHS: Final = {"purchases": ["own", "is_return"], "touches": ["treatment"]}
TEXTS: Final = {
    "purchases": [("channel", "web"), ("channel", "Web"), ("category", "tea")],
    "events": [("kind", "visit")],
    "touches": [("campaign", "spring")],
    "subscriptions": [("plan", "plus"), ("kind", "start")],
}
SAME: Final = {"transactions": "purchases", "returns": "purchases", "renewals": "subscriptions"}
CONSTANTS: Final = [-1, 0, 1, 2, 5, 0.5, 19.99]
PICKED: Final = ["sum", "min", "max", "first", "last"]
HALF_LIVES: Final = [7, 45]


@dataclass(frozen=True)
class Column:
    """Values of rows, or of days: `fine` ones have more than 4 decimals, a `truth` is no number for SQL."""

    values: Values
    fine: bool = False
    truth: bool = False

    def kinds(self, *kinds: str) -> list[str]:
        """Name what can be asked of the values."""
        return ["sum"] if self.truth else [kind for kind in kinds if kind != "std" or not self.fine]


def _of(names: dict[str, list[Any]], view: str) -> list[Any]:
    """Look up what columns a view has."""
    return [each for each in names.get(SAME.get(view, view), []) if (view, each) != ("renewals", ("kind", "start"))]


@st.composite
def truths(draw: st.DrawFn, view: str, deep: int = 1) -> Callable[[Events], Values]:
    """Draw what holds for a row or does not."""
    kinds = ["compared"]
    kinds += ["text"] if _of(TEXTS, view) else []
    kinds += ["truth"] if _of(TRUTHS, view) else []
    kinds += ["not", "and", "or"] if deep else []
    match draw(st.sampled_from(kinds)):
        case "compared":
            name, constant = draw(st.sampled_from(_of(EXACT, view))), draw(st.sampled_from(CONSTANTS))
            made: Callable[[Events], Values] = draw(
                st.sampled_from(
                    [
                        lambda e: e[name] > constant,
                        lambda e: e[name] >= constant,
                        lambda e: e[name] < constant,
                        lambda e: e[name] <= constant,
                        lambda e: e[name] == constant,
                        lambda e: e[name] != constant,
                    ]
                )
            )
            return made
        case "text":
            column, text = draw(st.sampled_from(_of(TEXTS, view)))
            said: Callable[[Events], Values] = draw(
                st.sampled_from([lambda e: e[column] == text, lambda e: e[column] != text])
            )
            return said
        case "truth":
            held = draw(st.sampled_from(_of(TRUTHS, view)))
            return lambda e: e[held]
        case "not":
            one = draw(truths(view, deep - 1))
            return lambda e: ~one(e)
        case both:
            left, right = draw(truths(view, deep - 1)), draw(truths(view, deep - 1))
            return (lambda e: left(e) & right(e)) if both == "and" else lambda e: left(e) | right(e)


@st.composite
def events(draw: st.DrawFn, root: Events, view: str) -> Events:
    """Draw a window and a filter of a view's events."""
    e = root
    if draw(st.integers(0, 3)) == 0:
        view = draw(st.sampled_from(["touches", "events", "subscriptions", "purchases"]))
        e = e.of(view)
    window = draw(st.sampled_from([None, None, None, 7, 30, 365, 1]))
    e = e if window is None else e.within(window)
    before = draw(st.sampled_from([None, None, None, None, 1, 7, 29]))
    e = e if before is None or (window is not None and before >= window) else e.before(before)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        e = e.where(draw(truths(view))(e))
    return e


@st.composite
def columns(draw: st.DrawFn, e: Events) -> Column:
    """Draw a value of each row."""
    exact, doubles = _of(EXACT, e.view), _of(DOUBLES, e.view)
    one = draw(st.sampled_from(exact))
    money = [name for name in exact if name in ("amount", "discount", "quantity", "cost", "price")]
    kinds = ["column", "column", "scaled", "truth", "remainder"]
    kinds += ["combined"] if len(money) > 1 else []
    kinds += ["double"] if doubles else []
    kinds += ["ratio"] if money else []
    match draw(st.sampled_from(kinds)):
        case "column":
            return Column(e[one])
        case "scaled":
            return Column(e[one] * draw(st.sampled_from([2, -1])) + draw(st.sampled_from([0, 1])))
        case "truth":
            return Column(draw(truths(e.view))(e), truth=True)
        case "remainder":
            return Column(e[one] % draw(st.sampled_from([0, 3])), fine=True)
        case "combined":
            a, b = draw(st.sampled_from(money)), draw(st.sampled_from(money))
            return draw(st.sampled_from([Column(e[a] - e[b]), Column(e[a] * e[b], fine=True)]))
        case "double":
            return Column(e[draw(st.sampled_from(doubles))], fine=True)
        case _:
            return Column(e[one] / e[draw(st.sampled_from(money))], fine=True)


@st.composite
def days(draw: st.DrawFn, e: Events) -> Column:
    """Draw a value of each day."""
    names = [*(name for name in _of(EXACT, e.view) if name not in ("weekday", "hour")), "age_days", "gap_days", "lines"]
    one, other = e[draw(st.sampled_from(names))], e[draw(st.sampled_from(names))]
    return draw(
        st.sampled_from(
            [
                Column(one),
                Column(one),
                Column(one * 2 + 1),
                Column(one - other),
                Column(one / other, fine=True),
                Column(one > other, truth=True),
                Column((one > 3) & ~(other <= 5), truth=True),
                Column((one == 1) | (other > 2), truth=True),
                Column(one % 3, fine=True),
            ]
        )
    )


@st.composite
def exact(draw: st.DrawFn, root: Events, view: str) -> Number:
    """Draw an aggregate that both engines have as the same double."""
    e = draw(events(root, view))
    if draw(st.integers(0, 2)) == 0:
        d = e.by_day()
        value = draw(days(d).filter(lambda each: not each.fine))
        return _aggregated(draw(st.sampled_from(value.kinds("count", *PICKED))), d, value.values)
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([e["age_days"].min(), e["age_days"].max()]))
    if _of(TEXTS, e.view) and draw(st.integers(0, 4)) == 0:
        return e[draw(st.sampled_from(_of(TEXTS, e.view)))[0]].distinct()
    value = draw(columns(e).filter(lambda each: not each.fine))
    return _aggregated(draw(st.sampled_from(value.kinds("count", *PICKED))), e, value.values)


@st.composite
def other(draw: st.DrawFn, root: Events, view: str) -> Number:
    """Draw an aggregate of any kind."""
    e = draw(events(root, view))
    source = draw(st.sampled_from([e, e, e.by_day()]))
    value = draw(columns(e) if source is e else days(source))
    match draw(st.sampled_from(["faded", "label", "plain", "plain"])):
        case "faded":
            half = draw(st.sampled_from(HALF_LIVES))
            return draw(st.sampled_from([source.count(half_life_days=half), value.values.sum(half_life_days=half)]))
        case "label":
            labelled = e[draw(st.sampled_from([*(name for name, _ in _of(TEXTS, e.view)), *_of(EXACT, e.view)]))]
            return draw(st.sampled_from([labelled.distinct(), labelled.top_share(), labelled.entropy()]))
        case _:
            return _aggregated(draw(st.sampled_from(value.kinds("mean", "std", "std", *PICKED))), source, value.values)


def _aggregated(kind: str, e: Events, values: Values) -> Number:
    if kind == "count":
        return e.count()
    made: Number = getattr(values, kind)()
    return made


@st.composite
def compared(draw: st.DrawFn, root: Events, view: str, deep: int = 1) -> Number:
    """Draw what holds for a customer or does not."""
    if deep and draw(st.booleans()):
        a, b = draw(compared(root, view, 0)), draw(compared(root, view, 0))
        return draw(st.sampled_from([a & b, a | b, ~a]))
    one = draw(exact(root, view))
    other: Any = draw(st.one_of(st.sampled_from(CONSTANTS), exact(root, view)))
    held: Number = draw(
        st.sampled_from([one > other, one >= other, one < other, one <= other, one == other, one != other])
    )
    return held


@st.composite
def numbers(draw: st.DrawFn, root: Events, view: str) -> Number:
    """Draw a number."""
    shape = draw(st.sampled_from(["exact", "other", "other", "compared", "ratio", "sum", "remainder", "log1p", "fill"]))
    match shape:
        case "exact" | "other" | "compared":
            return draw({"exact": exact, "other": other, "compared": compared}[shape](root, view))
        case "ratio":
            above, below = draw(st.one_of(exact(root, view), other(root, view))), draw(exact(root, view))
            return draw(st.sampled_from([above / below, above / (below - draw(exact(root, view))), 12 / below]))
        case "sum":
            a, b = draw(other(root, view)), draw(other(root, view))
            return draw(st.sampled_from([a + b, a - b, 2 * a + 0.5, 10 - a * b]))
        case "remainder":
            divisor = draw(st.one_of(st.sampled_from(CONSTANTS), exact(root, view)))
            return draw(exact(root, view)) % divisor
        case "log1p":
            return draw(exact(root, view)).log1p()
        case _:
            filled = draw(st.one_of(exact(root, view), other(root, view))).fill(draw(st.sampled_from(CONSTANTS)))
            return draw(st.sampled_from([filled, filled + draw(exact(root, view))]))


@st.composite
def declarations(draw: st.DrawFn, *, alone: bool = False) -> list[Declaration]:
    """Draw some declarations; `alone` of an aggregate each."""
    made = []
    for number in range(draw(st.integers(1, 7))):
        view = draw(st.sampled_from(VIEWS))
        node = draw((exact if alone else numbers)(Events(view=view), view)).node
        made.append(_declared(draw, f"number_{number}", view, node))
    if draw(st.booleans()):
        e = draw(events(Events(view="purchases"), "purchases").filter(lambda each: each.view in TEXTS))
        text = e[draw(st.sampled_from(TEXTS[e.view]))[0]].top()
        made.append(_declared(draw, "text", "purchases", text.node, text=True))
    return made


def _declared(draw: st.DrawFn, name: str, view: str, node: Any, *, text: bool = False) -> Declaration:
    """Declare; per category where every view has one."""
    sold = all(SAME.get(each.view, each.view) == "purchases" for each in aggregates(node))
    by = draw(st.sampled_from([None, None, "category"])) if sold else None
    empty = None if text else draw(st.sampled_from([None, None, 0, -1, 2.5]))
    return Declaration(name, "drawn", node, view, by, empty, "Drawn. Unit: 1.", text=text)


def faded(declared: Declaration) -> bool:
    """Whether it has a decayed sum in it."""
    return any(each.half_life_days for each in declared.aggregates)


def said(node: Any) -> str:
    """Write an expression shortly."""
    if isinstance(node, Operation):
        return f"({f' {node.operator} '.join(map(said, node.arguments))})"
    if isinstance(node, Aggregate):
        where = f" where {said(node.where)}" if node.where else ""
        window = f" [{node.window_days}..{node.until_days}]" if node.window_days or node.until_days else ""
        half = f" half {node.half_life_days}" if node.half_life_days else ""
        return f"{node.kind}({node.view}.{node.source}: {said(node.value) if node.value else '*'}{where}{window}{half})"
    return str(getattr(node, "name", getattr(node, "value", node)))
