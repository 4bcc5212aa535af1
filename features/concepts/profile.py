"""What is known of customers themselves: a concept for each column of the table `customers`."""

import re
from functools import cache

from features.concepts import words
from features.concepts.concept import Concept, Told
from features.library.attributes import PREFIX


def attribute_concept(feature: str) -> Concept:
    """Give the concept of an attribute's column; `customers.plan=gold` and `customers.plan=silver` have the same."""
    return _of_column(feature.removeprefix(PREFIX).partition("=")[0])


@cache
def _of_column(column: str) -> Concept:
    title = _title(column)
    name = PREFIX + column
    return Concept(name, title, (name,), movable=False, meaning=f"{title} of the customer.", say=column_value)


def _title(column: str) -> str:
    """Take apart `household_size` and `MonthlyCharges`."""
    said = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ").strip()
    return said[:1].upper() + said[1:].lower() if said != said.upper() else said


def column_value(told: Told) -> str:
    """Say a column's value: `Plan: gold` of `customers.plan`, and of `customers.plan=gold` and those beside it."""
    column, compared, asked = told.feature.partition("=")
    title = _title(column.partition(".")[2])
    text, value = told.text(), told.value
    if compared:
        return f"{title}: {_which(told, column) or f'not {asked}'}"
    if text is not None:
        return f"{title}: {text}"
    return f"{title}: {'not known' if value is None else words.number(value)}{told.usual(words.number)}"


def _which(told: Told, column: str) -> str | None:
    """Give the value that the customer has, where the features compare with it."""
    start = f"{column}="
    held = (each.removeprefix(start) for each in told.values if each.startswith(start) and told.of(each))
    return next(held, None)
