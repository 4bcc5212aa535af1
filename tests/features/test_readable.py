"""Declarations in words."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import declaration
from features.declaration import Declaration, population
from features.expression import Aggregate, Column, Constant, Events, Node, Operation, Operator, Sql
from features.library import FEATURES, POPULATIONS, TARGETS
from features.readable import readable, readable_aggregate

Say = Callable[[Events], Any]
Declare = Callable[..., Declaration]
EVERY = [*FEATURES.values(), *TARGETS.values(), *POPULATIONS.values()]


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (lambda e: e.count(), "count of purchases"),
        (lambda e: e["amount"].sum(), "sum(amount) of purchases"),
        (
            lambda e: e.within(28).where(e["discount"] > 0)["amount"].sum(),
            "sum(amount) of purchases within 28 days where discount > 0",
        ),
        (lambda e: e.before(28)["amount"].max(), "max(amount) of purchases older than 28 days"),
        (
            lambda e: e.within(91).before(28).by_day().count(),
            "count of days of purchases within 91 days older than 28 days",
        ),
        (lambda e: e.by_day().count() - 1, "(count - 1) of days of purchases"),
        (lambda e: e.count() / e.by_day().count(), "(count of purchases) / (count of days of purchases)"),
        (lambda e: e["amount"].sum(half_life_days=14), "sum(amount, half-life 14 days) of purchases"),
        (lambda e: e.by_day().count(half_life_days=14), "count(half-life 14 days) of days of purchases"),
        (lambda e: (e["amount"] - e["cost"] * 2).mean(), "mean(amount - cost * 2) of purchases"),
        (lambda e: ((e["amount"] - e["cost"]) * 2).mean(), "mean((amount - cost) * 2) of purchases"),
        (lambda e: e["amount"].sum().fill(0).log1p(), "log1p(fill(sum(amount), 0)) of purchases"),
        (lambda e: e.of("touches").count() % 7, "(count % 7) of touches"),
        (lambda e: e["category"].top(), "top(category) of purchases"),
        (
            lambda e: e.where((e["channel"] == "web") & ~(e["quantity"] > 1) | e["is_return"]).count(),
            "count of purchases where channel = 'web' and not quantity > 1 or is_return",
        ),
        (
            lambda e: e.where((e["channel"] == "web") & ((e["quantity"] > 1) | e["is_return"])).count(),
            "count of purchases where channel = 'web' and (quantity > 1 or is_return)",
        ),
        (lambda e: e.where(e["it's"] == "o'clock").count(), "count of purchases where \"it's\" = 'o''clock'"),
        (lambda e: e.where(e["and"] == True).count(), 'count of purchases where "and" = true'),  # noqa: E712
        (lambda e: e["a"].sum() - (e["b"].sum() - e["c"].sum()), "(sum(a) - (sum(b) - sum(c))) of purchases"),
        (lambda e: e["a"].sum() - e["b"].sum() - e["c"].sum(), "(sum(a) - sum(b) - sum(c)) of purchases"),
        (lambda e: e.sql("median(amount)"), "sql('median(amount)') of purchases"),
        (lambda e: e.within(7).sql("mode('x')").fill(-1), "fill(sql('mode(''x'')'), -1) of purchases within 7 days"),
    ],
)
def test_a_declaration_reads_as_it_is_computed(say: Say, expected: str, declared: Declare) -> None:
    assert readable(declared(say)) == expected


def test_numbers_of_pairs_are_of_the_rows_of_the_category(declared: Declare) -> None:
    pair = declared(lambda e: e.within(28).count() / e.by_day().count(), by="category")
    expected = "(count of purchases of the category within 28 days) / (count of days of purchases of the category)"
    assert readable(pair) == expected
    assert readable_aggregate(pair.aggregates[0], "category") == "count of purchases of the category within 28 days"
    assert readable_aggregate(pair.aggregates[1]) == "count of days of purchases"


def test_rows_that_are_questions_are_named(declared: Declare) -> None:
    def letters(e: Events) -> Events:
        """Letters."""
        return e.where(e["channel"] == "post")

    population(of="touches", anchored=True)(letters)
    assert readable(declaration.POPULATIONS["letters"]) == "touches where channel = 'post'"


def test_no_two_of_the_library_that_compute_something_else_read_the_same() -> None:
    texts: dict[tuple[str, bool], set[str]] = {}
    for each in EVERY:
        texts.setdefault((readable(each), each.anchored), set()).add(repr((each.node, each.by)))
    assert len(texts) > 90
    assert {said: nodes for said, nodes in texts.items() if len(nodes) > 1} == {}


def of(node: Node) -> str:
    return readable(Declaration("x", "x", node, of="purchases", by=None, empty=None, meaning=""))


LEAVES: list[Node] = [
    Column("a"),
    Column("a b"),
    Constant(1),
    Constant(True),
    Constant("a"),
    Aggregate("count", None, view="purchases"),
    Aggregate("sum", Column("a"), view="purchases"),
    Aggregate("sum", Column("a"), view="purchases", source="days"),
    Aggregate("sum", Column("a"), view="purchases", window_days=2),
    Aggregate("sql", Sql("sum(a)"), view="purchases"),
]


OPERATORS: tuple[Operator, ...] = ("+", "-", "=", "<", "and", "or", "fill")


def grown(nodes: list[Node]) -> Iterator[Node]:
    yield from nodes
    for a in nodes:
        yield Operation("not", (a,))
        yield Operation("log1p", (a,))
    for a, b in itertools.product(nodes, nodes):
        yield from (Operation(operator, (a, b)) for operator in OPERATORS)


def test_small_expressions_that_differ_read_differently() -> None:
    """Each with each: of ten leaves, and of what operators make of three of them."""
    once = list(grown(LEAVES))
    twice = list(grown(list(grown([LEAVES[0], LEAVES[6], LEAVES[8]]))))
    nodes = {repr(node): node for node in [*once, *twice]}
    assert len(nodes) > 30_000
    texts: dict[str, str] = {}
    for key, node in nodes.items():
        said = of(node)
        assert texts.setdefault(said, key) == key, said


BINARY: tuple[Operator, ...] = ("+", "-", "*", "=", "<>", "<", ">=", "and", "or")
NUMBERS = st.integers(0, 3).map(Constant)
TREES = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds(lambda operator, a, b: Operation(operator, (a, b)), st.sampled_from(BINARY), inner, inner),
        inner.map(lambda drawn: Operation("not", (drawn,))),
    ),
    max_leaves=12,
)
PYTHON: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}


def computed(node: Any) -> Any:
    if isinstance(node, Constant):
        return node.value
    return PYTHON[node.operator](*map(computed, node.arguments))


@settings(max_examples=400, derandomize=True, deadline=None)
@given(TREES)
def test_the_words_mean_what_the_tree_does(tree: Node) -> None:
    """Python binds these operators as the words do: what it makes of the text is what the tree gives."""
    said = of(Operation("fill", (tree, Aggregate("count", None, view="purchases"))))
    inner = said.removeprefix("fill(").removesuffix(", count) of purchases")
    assert eval(inner.replace("<>", "!=").replace(" = ", " == ")) == computed(tree)
