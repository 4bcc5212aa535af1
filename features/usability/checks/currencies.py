"""Amounts in several currencies, in unknown ones, or in none that is told."""

from collections.abc import Iterator
from typing import Final

from features.engine.render import text
from features.finding import Severity
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault

_CODES: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ATS BEF CYP "
    "DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK ANG CUC SLL ZWL"
)
ISO_4217: Final = frozenset(_CODES.split())
"""Alphabetic codes of ISO 4217 (funds included, metals and testing codes not), and those withdrawn since 1999."""


@whole_check
def several_currencies(evidence: Evidence) -> Iterator[Fault]:
    """Amounts of several currencies, which cannot be added; counts the rows that are not in the most frequent one."""
    known = {code: rows for code, rows in _currencies(evidence).items() if code in ISO_4217}
    if len(known) > 1:
        main = min(known, key=lambda code: (-known[code], code))
        others = sum(rows for code, rows in known.items() if code != main)
        told = ", ".join(f"{code} {rows}" for code, rows in sorted(known.items(), key=lambda each: (-each[1], each[0])))
        settled = evidence.rates is not None
        advice = "give rates under [policy.currency], or keep one currency"
        yield Fault(
            "note" if settled else "error",
            "transactions",
            "currency",
            f"holds several currencies ({told})",
            "nothing to do: the policy converts them" if settled else advice,
            f"currency IS NOT NULL AND {_in(known)} AND currency <> '{main}'",
            rows=others,
        )


@whole_check
def unknown_currency(evidence: Evidence) -> Iterator[Fault]:
    """Codes that are none of ISO 4217, such as eur, Euro or €."""
    unknown = sorted(set(_currencies(evidence)) - ISO_4217 - {""} - (evidence.rates or frozenset()))
    if unknown:
        what, advice = f"is no ISO 4217 code ({', '.join(unknown[:5])})", "write codes such as EUR and USD"
        yield Fault("warning", "transactions", "currency", what, advice, _in(unknown))


@whole_check
def currency_without_rate(evidence: Evidence) -> Iterator[Fault]:
    """Currencies that the policy is to convert, but has no rate for."""
    if evidence.rates is not None:
        lacking = sorted(set(_currencies(evidence)) - {""} - evidence.rates)
        if lacking:
            what = f"has no rate in the policy ({', '.join(lacking[:5])})"
            yield Fault("error", "transactions", "currency", what, "complete the rates", _in(lacking))


@whole_check
def null_currency(evidence: Evidence) -> Iterator[Fault]:
    """Rows without a currency, beside rows that have one."""
    currencies = _currencies(evidence)
    if "" in currencies and len(currencies) > 1:
        severity: Severity = "warning" if evidence.rates is None else "error"
        advice = "say the currency of these rows; do not guess where there are several"
        yield Fault(severity, "transactions", "currency", "is empty", advice, "coalesce(trim(currency), '') = ''")


def _currencies(evidence: Evidence) -> dict[str, int]:
    """Count rows by currency; an empty one is ''."""
    return evidence.once("currencies", lambda: _counted(evidence))


def _counted(evidence: Evidence) -> dict[str, int]:
    sheet = evidence.sheets.get("transactions")
    if sheet is None or "currency" not in sheet.raw.types:
        return {}
    code = "coalesce(trim(CAST(currency AS VARCHAR)), '')"
    found = evidence.raw.ask(f"SELECT {code} AS code, count(*) AS rows FROM {sheet.relation} GROUP BY 1")
    return {str(each["code"]): int(each["rows"]) for each in found}


def _in(codes: list[str] | dict[str, int]) -> str:
    return f"trim(CAST(currency AS VARCHAR)) IN ({', '.join(text(code) for code in codes)})"
