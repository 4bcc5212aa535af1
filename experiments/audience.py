"""`augury audience`: whom to address, from a batch, as a file for a marketing tool."""

from pathlib import Path

from rich.console import Console

from configs.settings import Settings
from experiments.runs import Deployment
from serving.audience import Choice, choose, mapped, read_scores, write_audience


def audience(
    name: str,
    choice: Choice,
    *,
    columns: str | None,
    to: Path,
    source: Path | None,
    suppress: Path | None,
    settings: Settings,
) -> None:
    """Write an audience of a model's batch, and print how many it is, down to which score, at what cost."""
    suppressions = Deployment.open(settings).suppressed(suppress)
    scores, batch = read_scores(source or settings.scored(name))
    if batch["model"] != name:
        raise ValueError(f"the batch in {source} is of {batch['model']}, not of {name}")
    names = mapped(columns, scores.schema.names)
    chosen, out = choose(scores, choice, suppressions), suppressions.counted(scores["customer_id"])
    told = write_audience(chosen, to, columns=names, choice=choice, batch=batch, out=out)
    reached = "" if told["threshold"] is None else f", scores down to {told['threshold']:.6g}"
    cost = "" if told["cost"] is None else f", cost {told['cost']:,.2f}"
    left = f", {sum(out.values())} suppressed" if out else ""
    said = f"{told['customers']} customers of {name} version {batch['version']}{reached}{cost}{left}: {to}"
    Console().print(said, soft_wrap=True, highlight=False)
