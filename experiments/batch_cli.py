"""`augury score`, `audience` and `suppress`: batches, what marketing makes of them, and who is in none."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from configs.settings import Settings

Suppress = Annotated[
    Path | None, typer.Option(help="a list of more customers to leave out, beside those that `suppress` has listed")
]


def score(
    models: Annotated[list[str] | None, typer.Argument(help="registered models; default: all champions")] = None,
    cutoff: Annotated[str | None, typer.Option(help="ISO time; default: where the history ends")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="another dataset, by name or TOML; without models: the champions of this one")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(help="feature rows that are ready: Parquet, duckdb:FILE#TABLE, or postgresql://…#TABLE"),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="a folder, FILE.parquet, FILE.csv, FILE.csv.gz, duckdb:FILE#TABLE or postgresql://…#TABLE; "
            "default: var/scored/MODEL, and the store that the service answers from"
        ),
    ] = None,
    reasons: Annotated[
        int,
        typer.Option(
            help="write so many reasons of each score too, in sentences, and the terms that the service then reads",
            min=0,
        ),
    ] = 0,
    suppress: Suppress = None,
) -> None:
    """Score everyone with the champions, block by block; what a killed run had finished is taken up."""
    from experiments.batch import Said
    from experiments.batch import score as run

    said = Said(cutoff=cutoff, dataset=dataset, rows=rows, to=to, reasons=reasons, suppress=suppress)
    run(models or [], said, settings=Settings.read())


def audience(
    model: Annotated[str, typer.Argument(help="a registered model's name")],
    to: Annotated[Path, typer.Option(help="FILE.csv, FILE.csv.gz or FILE.parquet")],
    top: Annotated[int | None, typer.Option(help="so many of the highest scores", min=1)] = None,
    at_least: Annotated[float | None, typer.Option(help="scores from here on")] = None,
    budget: Annotated[float | None, typer.Option(help="what all contacts may cost together", min=0)] = None,
    cost_per_contact: Annotated[float | None, typer.Option(help="what one costs", min=0)] = None,
    columns: Annotated[str | None, typer.Option(help="THEIRS=ours, as in email_id=customer_id,risk=score")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="the batch; default: var/scored/MODEL")] = None,
    suppress: Suppress = None,
) -> None:
    """Write whom to address, from the scores of the latest batch: the top, or above a threshold, within a budget."""
    from experiments.audience import audience as run
    from serving.audience import Choice

    choice = Choice(top=top, at_least=at_least, budget=budget, cost_per_contact=cost_per_contact)
    run(model, choice, columns=columns, to=to, source=source, suppress=suppress, settings=Settings.read())


def suppress(
    file: Annotated[Path, typer.Argument(help="a CSV, Parquet or JSON of customer_id and reason: opted_out or erased")],
    replace: Annotated[
        bool, typer.Option("--replace", help="the file is the whole list: whoever is not in it may be scored again")
    ] = False,
) -> None:
    """Add a file to the list of those who may not be scored: by the service (in seconds), batches and audiences."""
    from experiments.batch import suppress as run

    run(file, replace=replace, settings=Settings.read())


COMMANDS: Final[tuple[Callable[..., Any], ...]] = (score, audience, suppress)
