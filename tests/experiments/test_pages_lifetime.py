"""Report and model card: what they say of lifetime value."""

from pathlib import Path

from tests.experiments.pages import Page, written
from tests.records import value

VALUE_SAYS = [
    "It fell back to what purchases tell alone. Customers are taken to buy by Pareto/NBD.",
    "Who bought once, 53.2 weeks ago, may still buy with a probability of 28.7 %.",
    "Nine times in ten a next total lies between 0.864 and 1.171 times the sum of the scores",
]


def test_lifetime_value_is_told_in_words_and_tables(pages: dict[str, dict[str, str]]) -> None:
    for name in ("card.html", "report.html"):
        page = Page(pages["value"][name])
        for told in VALUE_SAYS:
            assert told in page.text
        for row in (
            ["2024-12-08", "39,002.5", "39,502.5", "1.012"],
            ["up to the cutoff", "6", "615.0", "621.2", "0.990"],
            ["after it", "3", "336.0", "311.8", "1.078"],
            ["7+", "253", "2.987", "2.861", "82.27", "79.71"],
            ["repeat purchase days before", "customers", "mean purchase days", "expected", "mean value", "expected"],
            ["months", "BG/NBD", "MBG/NBD", "Pareto/NBD", "greatest less least, of their mean"],
        ):
            assert row in page.rows
        assert [row[0] for row in page.rows if len(row) == 5 and row[0].isdigit()][-5:] == [
            "12",
            "24",
            "36",
            "48",
            "60",
        ]
        assert "the highest 10 % hold\n57.1 %" in page.text
    assert "the highest 10 % hold**: 57.1 %" in pages["value"]["card.md"].replace("\\", "")


def test_what_is_not_known_of_value_is_said(tmp_path: Path) -> None:
    made = value()
    told = made["lifetime"]
    told["total"] |= {"low": None, "high": None, "closed": told["total"]["closed"][:2]}
    told["spread"] |= {"so_far": {}, "by_month": {}, "spread": [], "left_out": {"BG/NBD": "it did not converge"}}
    told["tracking"], told["note"] = [], ""
    for row in told["frequencies"]:
        row |= {"value": None, "expected_value": None}
    page = Page(written(made, tmp_path / "pages")["report.html"])
    assert "How far the total may be off is not known: 2 past periods have closed that do not overlap" in page.text
    assert "BG/NBD is left out: it did not converge" in page.text
    assert ["repeat purchase days before", "customers", "mean purchase days", "expected"] in page.rows
    assert not any(row[0] in ("after it", "months") for row in page.rows)
    told["total"]["closed"] = []
    assert "Totals of past periods" not in written(made, tmp_path / "none")["report.html"]


def test_lifetime_value_has_its_plots(pages: dict[str, dict[str, str]]) -> None:
    alts = [each["alt"] for each in Page(pages["value"]["report.html"]).of("img")]
    assert [alt.partition(":")[0] for alt in alts][3:] == [
        "Repeat purchases so far",
        "Purchases within the horizon",
        "How value is spread over customers",
        "Who may still buy",
        "Still to come from today's customers",
    ]
    assert not any(alt.endswith(": ") for alt in alts)
