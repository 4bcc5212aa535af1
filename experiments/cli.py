"""The command line. Each command imports what it needs when it is called, so that `--help` is there at once."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from configs.service import ServiceSettings
from configs.settings import SILENCE, Settings
from experiments.batch_cli import COMMANDS as BATCH
from experiments.features_cli import app as features_app
from experiments.keys_cli import app as keys_app

app = typer.Typer(
    name="augury",
    help="The predictive half of a CRM: churn, lifetime value, cross-sell and segments.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(features_app, name="features")
app.add_typer(keys_app, name="keys")
for command in BATCH:
    app.command()(command)

Study = Annotated[str, typer.Argument(help="a study's name, or the path of its TOML")]
Model = Annotated[str, typer.Argument(help="a registered model's name")]
Dataset = Annotated[str | None, typer.Option(help="another dataset, by name or TOML; default: the one trained on")]
Cutoff = Annotated[str | None, typer.Option(help="ISO time; default: where the history ends")]


@app.command()
def demo() -> None:
    """Show the whole of it on real data: train, register, score, serve, ask, watch."""
    from experiments.demo import demo as run

    run(Settings.read())


@app.command()
def train(
    study: Study,
    model: Annotated[
        str | None, typer.Option(help="one of the study's models, beside the baseline; default: all")
    ] = None,
    alias: Annotated[str, typer.Option(help="challenger, or none (track only)")] = "challenger",
    trials: Annotated[int, typer.Option(help="tune by so many trials, inside the training cutoffs", min=0)] = 0,
) -> None:
    """Back-test a study's models, choose and grade the best, track it in MLflow, register it, and write its report.

    The first model of a name becomes its champion, later ones challengers: `augury promote` decides between them.
    """
    from experiments.commands import train as run

    run(study, model=model, alias=alias, trials=trials, settings=Settings.read())


@app.command()
def promote(
    model: Model,
    force: Annotated[bool, typer.Option("--force", help="override the gate; needs --reason")] = False,
    reason: Annotated[str, typer.Option(help="why the gate is overridden; goes on record")] = "",
    cutoff: Cutoff = None,
) -> None:
    """Make the challenger the champion, where it is no worse on the same customers (exit 1 where it is)."""
    from experiments.commands import promote as run

    run(model, force=force, reason=reason, cutoff=cutoff, settings=Settings.read())


@app.command()
def rollback(model: Model, reason: Annotated[str, typer.Option(help="why; goes on record")] = "not said") -> None:
    """Give the champion's place back to the version before; its answers are the same, byte for byte."""
    from experiments.commands import rollback as run

    run(model, reason=reason, settings=Settings.read())


@app.command()
def card(
    model: Annotated[str, typer.Argument(help="a registered model's name, or the id of an MLflow run")],
    to: Annotated[Path | None, typer.Option(help="the folder to write; default: var/reports/MODEL")] = None,
) -> None:
    """Write a model's report and model card, from its MLflow run alone."""
    from experiments.commands import card as run

    run(model, to=to, settings=Settings.read())


@app.command()
def compare(study: Study) -> None:
    """Train all models of a study and show them side by side."""
    from experiments.commands import compare as run

    run(study)


@app.command()
def study(
    name: Study, check: Annotated[bool, typer.Option("--check", help="compare, and write nothing")] = False
) -> None:
    """Run a study and write its results.json, or compare with the committed one (exit 1 where they differ)."""
    from experiments.commands import study as run

    run(name, check=check)


@app.command()
def serve(
    dataset: Annotated[
        str | None, typer.Option(help="serve the champions of this dataset; default: AUGURY_DATASET, or all")
    ] = None,
    host: Annotated[str, typer.Option(help="the address to listen on; beyond this machine only with API keys")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="the port to listen on", min=1, max=65535)] = 3000,
    workers: Annotated[
        int | None, typer.Option(help="processes that share the port; default: AUGURY_WORKERS, or 1", min=1)
    ] = None,
) -> None:
    """Serve the champions over HTTP."""
    from experiments.server import replace_process

    said = ServiceSettings.read()
    service = replace(said, dataset=dataset or said.dataset, workers=workers or said.workers)
    replace_process(Settings.read(), service, host=host, port=port)


@app.command()
def pack(
    to: Annotated[Path, typer.Option(help="the folder to write; an older pack there is replaced")] = Path("build/pack"),
    dataset: Annotated[str | None, typer.Option(help="pack the champions of this dataset; default: all")] = None,
) -> None:
    """Pack the champions as plain files: with AUGURY_PACK the service starts from them, without the registry."""
    from experiments.pack import pack as run

    run(to, dataset=dataset, settings=Settings.read())


@app.command()
def drift(
    model: Model,
    cutoff: Cutoff = None,
    dataset: Dataset = None,
    json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
    warn: Annotated[bool, typer.Option("--warn", help="let warnings end with exit code 10")] = False,
) -> None:
    """Check a champion's features and scores for drift.

    Exit codes: 0 fine, 10 warning (with --warn), 20 alert, 30 too few rows to judge, 40 the features are not there.
    """
    from experiments.commands import drift as run

    raise typer.Exit(run(model, cutoff=cutoff, dataset=dataset, as_json=json, warn=warn, settings=Settings.read()))


@app.command()
def pnl(
    dataset: Annotated[str, typer.Argument(help="a dataset, by name or TOML")],
    costs: Annotated[str, typer.Option(help="a cost sheet, by name or TOML")],
    since: Annotated[str | None, typer.Option(help="ISO time; default: the sheet's, else the first line")] = None,
    until: Annotated[str | None, typer.Option(help="ISO time that is out; default: the sheet's, else the end")] = None,
    by: Annotated[
        str, typer.Option(help="segments: first_channel, a column of customers, or a file of customer_id and segment")
    ] = "first_channel",
    to: Annotated[Path | None, typer.Option(help="the folder to write; default: var/pnl/DATASET")] = None,
    json: Annotated[bool, typer.Option("--json", help="print what is told as JSON")] = False,
) -> None:
    """Make the profit and loss of customers and segments, reconciled to the company's, by a sheet of costs."""
    from experiments.pnl.command import pnl as run

    folder = to or Settings.read().var / "pnl" / Path(dataset).stem
    run(dataset, costs=costs, since=since, until=until, by=by, to=folder, as_json=json)


@app.command("list")
def list_(
    kind: Annotated[
        str, typer.Argument(help="features, targets, models, metrics, datasets, costs, populations or studies")
    ],
) -> None:
    """List what there is of a kind."""
    from experiments.commands import list_kind

    list_kind(kind)


@app.command()
def readme(
    check: Annotated[bool, typer.Option("--check", help="exit 1 where the tables differ, and write nothing")] = False,
) -> None:
    """Make the README's tables from the committed results."""
    from experiments.readme import readme as run

    run(check=check)


def main() -> None:
    """Run the command line: an error that we foresaw is one message and exit code 1 (40 for bad input data)."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    try:
        app()
    except (LookupError, ValueError, OSError) as error:
        if os.environ.get("AUGURY_TRACE"):
            raise
        print(f"augury: {error}", file=sys.stderr)
        sys.exit(_code(error))


def _code(error: Exception) -> int:
    return 40 if type(error).__name__ == "HistoryError" else 1
