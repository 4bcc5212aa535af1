"""The ways to choose side by side, for a terminal."""

from typing import Any

from rich.table import Table


def table(found: dict[str, Any]) -> Table:
    """Lay out a row a population and way."""
    told = found["promise"]
    title = f"What a choice costs in AUC: {found['origins']} origins to choose by, then one unseen"
    made = Table("who, chosen by", title=title, title_justify="left")
    for name in ("mean regret", "worst", f"≤ {told['regret']}", "beyond chance", "optimism"):
        made.add_column(name, justify="right")
    for each in found["ways"]:
        made.add_row(
            f"{each['population']}, {each['way']}",
            f"{each['regret']:.4f}",
            f"{each['worst']:.4f}",
            f"{each['within']} of {each['seeds']}",
            str(each["beyond chance"]),
            f"{each['optimism']:+.4f}",
        )
    kept = ", ".join(f"{population}: {'yes' if held else 'NO'}" for population, held in told["kept"].items())
    made.caption = f"{told['way']} within {told['regret']} in {told['share']:.0%} of the seeds? {kept}"
    return made
