"""`augury features`: the catalogue, a dataset's usability, a customer's numbers, and frames: once, again, daily."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from configs.settings import Settings

app = typer.Typer(help="Catalogue, check, explain, build and rebuild features.", no_args_is_help=True)

StudyOrDataset = Annotated[str, typer.Argument(help="a study or a dataset, by name or TOML")]
Html = Annotated[Path | None, typer.Option(help="a page to write, in one file that needs no other")]
Names = Annotated[str | None, typer.Option(help="names of features or families, with commas between them")]


@app.command()
def catalogue(
    check: Annotated[bool, typer.Option("--check", help="exit 1 where the page differs, and write nothing")] = False,
    html: Html = None,
) -> None:
    """Make docs/features.md: every feature, target and population, from the declarations alone."""
    from experiments.catalogue import write_catalogue as run

    run(check=check, html=html)


@app.command()
def check(
    name: StudyOrDataset,
    json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
    html: Html = None,
) -> None:
    """Say whether the tables can be used, what is wrong with them, and what to do, before anything is computed.

    Exit codes: 0 fine, 10 warnings or too little data for the study's question, 40 errors.
    """
    from experiments.usability import check as run

    raise typer.Exit(run(name, as_json=json, html=html))


@app.command()
def explain(
    customer: Annotated[str, typer.Argument(help="a customer_id")],
    dataset: Annotated[str, typer.Option(help="a dataset, by name or TOML")],
    cutoff: Annotated[str | None, typer.Option(help="ISO time; default: where the history ends")] = None,
    features: Names = None,
    category: Annotated[str | None, typer.Option(help="the category that features of pairs are about")] = None,
    rows: Annotated[int, typer.Option(help="so many of the last rows of each table are shown", min=0)] = 10,
) -> None:
    """Show a customer's own rows, and how each feature is derived from them.

    The first use on a machine compiles the engine, which takes some ten seconds.
    """
    from experiments.explain import explain as run

    run(customer, dataset=dataset, cutoff=cutoff, features=features, category=category, last=rows)


@app.command()
def build(
    name: StudyOrDataset,
    population: Annotated[
        str | None, typer.Option(help="who is asked about; default: the study's, or all there are")
    ] = None,
    features: Names = None,
    cutoff: Annotated[list[str] | None, typer.Option(help="ISO time, as often as needed")] = None,
    categories: Annotated[int | None, typer.Option(help="how many categories pairs are made of", min=1)] = None,
    engine: Annotated[Literal["kernel", "duckdb"], typer.Option(help="what computes it")] = "kernel",
    to: Annotated[Path | None, typer.Option(help="the folder to write; default: var/frames/NAME")] = None,
) -> None:
    """Build the frame of a study or dataset as Parquet by cutoff, with a manifest of what it is made of.

    A dataset alone is asked about everybody known (without purchases: subscribed, else listed), with every feature that
    it has the columns for, where it ends.
    """
    from experiments.frames import Options, build_frame

    options = Options(population, features, tuple(cutoff or ()), categories, engine)
    build_frame(name, options, to=to or Settings.read().var / "frames" / Path(name).stem)


@app.command()
def rebuild(folder: Annotated[Path, typer.Argument(help="a folder that `build` wrote")]) -> None:
    """Build a frame again and compare it byte for byte (exit 1 and the reasons where it differs)."""
    from experiments.frames import rebuild_frame

    rebuild_frame(folder)


@app.command()
def keep(
    name: StudyOrDataset,
    to: Annotated[Path, typer.Option(help="the folder to keep it in")],
    population: Annotated[
        str | None, typer.Option(help="who is asked about; default: the study's, or all there are")
    ] = None,
    features: Names = None,
) -> None:
    """Keep a history's events sorted, so that each day's frame needs that day's rows alone."""
    from experiments.kept import keep as run

    run(name, to=to, population=population, features=features)


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="a folder that `keep` wrote")],
    dataset: Annotated[str, typer.Argument(help="a dataset of the new rows alone, late ones too, by name or TOML")],
) -> None:
    """Add new rows to what is kept; its end moves on to theirs."""
    from experiments.kept import add as run

    run(folder, dataset)


@app.command()
def tomorrow(
    folder: Annotated[Path, typer.Argument(help="a folder that `keep` wrote")],
    cutoff: Annotated[str | None, typer.Option(help="ISO time; default: where what is kept ends")] = None,
    to: Annotated[
        Path | None, typer.Option(help="the Parquet file to write; default: var/frames/FOLDER.parquet")
    ] = None,
) -> None:
    """Make the frame at the end of what is kept: equal to that of `build` from all rows."""
    from experiments.kept import tomorrow as run

    run(folder, cutoff=cutoff, to=to or Settings.read().var / "frames" / f"{folder.resolve().name}.parquet")
