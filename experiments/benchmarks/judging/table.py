"""What judging and tuning cost, for a terminal."""

from typing import Any

from rich.table import Table


def table(found: dict[str, Any]) -> Table:
    """Lay out a row a piece of work."""
    made = Table("", title=f"What judging and tuning cost: {found['study']}", title_justify="left")
    for name in ("CPU s", "wall s", "load", "observe", "the rest", "peak GB", "process s"):
        made.add_column(name, justify="right")
    for row in found["rows"]:
        rest = row["judge" if "judge" in row else "tune"]
        costs = (row["whole"]["cpu_s"], *(each["wall_s"] for each in (row["whole"], row["load"], row["observe"], rest)))
        told = f"{row['process_s']:.0f} {'<' if row['kept'] else 'NOT <'} {row['bar_s']:.0f}"
        made.add_row(row["case"], *(f"{each:.1f}" for each in costs), f"{row['whole']['peak_mb'] / 1000:.2f}", told)
    made.caption = "\n".join(_tuned(row) for row in found["rows"] if "tune" in row)
    return made


def _tuned(row: dict[str, Any]) -> str:
    own, tuned, trials = row["own"], row["tuned"], row["trials"]
    return (
        f"{row['case']}: {row['tune']['trials_per_s']} trials/s, {trials.get('pruned', 0)} of {sum(trials.values())} "
        f"pruned;\nAUC promised {tuned['promised']:.4f}, met {tuned['met']:.4f} (untuned {own['met']:.4f}), at all "
        f"origins {tuned['met at all']:.4f} ({own['met at all']:.4f})"
    )
