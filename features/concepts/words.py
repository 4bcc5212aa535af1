"""Numbers as people say them: rounded to what they can hold in mind, singular and plural right."""

import math
from typing import Final

_YEAR: Final = 365.25


def number(value: float) -> str:
    """Round as one speaks: 1,234 and 41 are whole, 4.6 has a decimal, 0.31 two.

    >>> [number(value) for value in (1234.4, 41.3, 4.62, 4.0, 0.312, 0.004, -0.0)]
    ['1,234', '41', '4.6', '4', '0.31', '0.004', '0']
    """
    size = abs(value)
    if size >= 9.95:
        return f"{value:,.0f}"
    if size >= 0.995:
        return _bare(f"{value:.1f}")
    return _bare(f"{value:.2f}") if size >= 0.0095 else _bare(f"{value:.1g}" if size >= 1e-4 else "0")


def count(value: float, one: str, many: str = "") -> str:
    """Say how many of a thing there are; `many` where its plural is more than an s.

    >>> [count(value, "visit") for value in (0, 1, 2.5)]
    ['0 visits', '1 visit', '2.5 visits']
    """
    said = number(value)
    return f"{said} {one if said == '1' else many or one + 's'}"


def some(value: float, one: str, many: str = "") -> str:
    """Say how many, and of none so: `no visits`."""
    said = count(value, one, many)
    return f"no{said[1:]}" if said.startswith("0 ") else said


def days(value: float) -> str:
    """Say a time: whole days from 3 on, years from 2 on.

    >>> [days(value) for value in (1, 2.5, 41.3, 1000)]
    ['1 day', '2.5 days', '41 days', '2.7 years']
    """
    if value >= 2 * _YEAR:
        return count(value / _YEAR, "year")
    return count(round(value) if value >= 3 else value, "day")


def ago(value: float) -> str:
    """Say how long ago something was.

    >>> [ago(value) for value in (0, 1, 41)]
    ['today', 'yesterday', '41 days ago']
    """
    said = days(value)
    return {"0 days": "today", "1 day": "yesterday"}.get(said, f"{said} ago")


def change(ratio: float, *, much: str = "much") -> str:
    """Compare a time with one before it; `much="often"` of how often.

    >>> [change(0.4), change(1.02), change(1.5), change(2.34), change(0.4, much="often")]
    ['60% less than', 'as much as', '50% more than', '2.3 times as much as', '60% less often than']
    """
    if 0.95 <= ratio <= 1.05:
        return f"as {much} as"
    if ratio > 2:
        return f"{number(ratio)} times as {much} as"
    way = "more" if ratio > 1 else "less"
    return f"{percent(abs(ratio - 1))} {way if much == 'much' else f'{way} {much}'} than"


def times(ratio: float, what: str) -> str:
    """Say a time as a multiple of another.

    >>> [times(4.62, "the mean one"), times(1.0, "the mean one")]
    ['4.6 times the mean one', 'as long as the mean one']
    """
    said = number(ratio)
    return f"as long as {what}" if said == "1" else f"{said} times {what}"


def effective(nats: float) -> float:
    """Turn an entropy into a number of things: as many of equal share have it (Hill 1973), of at most a million."""
    return round(math.exp(min(nats, math.log(1e6))))


def percent(share: float) -> str:
    """Say a share; one that is not quite none or all does not become so by rounding.

    >>> [percent(share) for share in (0, 0.001, 0.314, 0.999, 1)]
    ['0%', 'under 1%', '31%', 'over 99%', '100%']
    """
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return "under 1%"
    if rounded == 100 and share < 1:
        return "over 99%"
    return f"{rounded}%"


def money(amount: float, currency: str = "") -> str:
    """Say an amount: with cents below 100; a currency's sign stands before it, its code after it.

    >>> [money(12.5), money(1234.4), money(12.5, "€"), money(-3, "$"), money(12.5, "EUR")]
    ['12.50', '1,234', '€12.50', '-$3.00', '12.50 EUR']
    """
    size = abs(amount)
    said = f"{size:,.2f}" if size < 99.995 else f"{size:,.0f}"
    sign = "-" if amount < 0 and said != "0.00" else ""
    if currency.isalpha():
        return f"{sign}{said} {currency}"
    return f"{sign}{currency}{said}"


def _bare(said: str) -> str:
    """Leave out what says nothing: `4.0` is 4, `-0` is 0."""
    bare = said.rstrip("0").rstrip(".") if "." in said else said
    return "0" if bare in ("-0", "") else bare
