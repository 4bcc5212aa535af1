"""`augury keys`: who may ask the service, and for what."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.registry import did_you_mean
from configs.settings import Settings

if TYPE_CHECKING:
    from serving.safety.key_file import Key

app = typer.Typer(help="Add, list, rotate and revoke the API keys of the service.", no_args_is_help=True)

MOST_DAYS = 3_650
COLUMNS = ["id", "name", "models", "actions", "rate", "burst", "created", "expires", "state"]
Id = Annotated[str, typer.Argument(help="a key's id, the 8 letters and digits after aug_")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="who will use it")],
    models: Annotated[str, typer.Option(help="names of models, with commas between them; * are all")] = "*",
    actions: Annotated[str, typer.Option(help="of score, explain, bulk, offers, models; * are all")] = "*",
    rate: Annotated[float, typer.Option(help="requests per second")] = 50.0,
    burst: Annotated[float, typer.Option(help="so many requests at once")] = 100.0,
    expires: Annotated[str | None, typer.Option(help="ISO date or time (UTC) from which on it is refused")] = None,
) -> None:
    """Make a key and print it, this once."""
    from serving.safety.issue import add_key

    at, path = _now(), Settings.read().keys_file
    until = None if expires is None else _instant(expires)
    named, allowed = _names(models), _names(actions)
    _show(add_key(path, name, at=at, models=named, actions=allowed, rate=rate, burst=burst, expires=until), path)
    _warn(named)


@app.command("list")
def list_() -> None:
    """List the keys: ids, names, scopes and whether they count; nothing that is secret."""
    from serving.safety.key_file import read_keys

    rows = [COLUMNS, *(_row(each) for each in read_keys(Settings.read().keys_file))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def revoke(key_id: Id) -> None:
    """Refuse a key from now on, for good; services see it within a second."""
    from serving.safety.issue import revoke_key

    since = revoke_key(Settings.read().keys_file, key_id, at=_now())
    print(f"{key_id} is revoked since {since:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def rotate(
    key_id: Id,
    overlap_days: Annotated[float, typer.Option(help="so long the old key is good too")] = 7.0,
) -> None:
    """Make a key with the same scopes and print it, this once; the old one expires after the overlap."""
    from serving.safety.issue import rotate_key

    if not 0 <= overlap_days <= MOST_DAYS:
        raise ValueError(f"--overlap-days is {overlap_days:g}; give days from 0 to {MOST_DAYS}")
    path = Settings.read().keys_file
    made, ends = rotate_key(path, key_id, at=_now(), overlap=timedelta(days=overlap_days))
    _show(made, path)
    typer.echo(f"{key_id} is good until {ends:%Y-%m-%d %H:%M:%S} UTC", err=True)


def _show(made: str, path: Path) -> None:
    """Print a key alone, and beside it (on stderr) that it is not shown again."""
    print(made)
    typer.echo(f"It is not shown again: {path} keeps its hash alone. Whoever has it may ask.", err=True)


def _warn(named: Sequence[str]) -> None:
    """Tell (on stderr) of models that nobody knows: the key opens them once there are such."""
    from serving.safety.key_file import ALL

    asked = [each for each in named if each != ALL]
    known = _known(Settings.read()) if asked else None
    for each in asked:
        if known is not None and each not in known:
            typer.echo(f"warning: {did_you_mean('model', each, known)}", err=True)


def _known(settings: Settings) -> list[str] | None:
    """Name the models of the pack or the registry; None where there is none at hand."""
    from models.registry import ModelRegistry, unmade
    from serving.live.packed import contents

    try:
        if settings.pack is not None:
            return [each.name for each in contents(settings.pack)]
        return None if unmade(settings.mlflow) else ModelRegistry(settings.mlflow).names()
    except Exception:  # whatever is wrong there, the key is made
        return None


def _row(key: "Key") -> list[str]:
    limits = [f"{key.rate:g}", f"{key.burst:g}"]
    dates = [f"{key.created:%Y-%m-%d}", "never" if key.expires is None else f"{key.expires:%Y-%m-%d %H:%M}"]
    return [key.id, key.name, ",".join(key.models), ",".join(key.actions), *limits, *dates, _state(key)]


def _state(key: "Key") -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d}"
    return "expired" if key.expires is not None and key.expires <= _now() else "good"


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--expires {text!r} is not an ISO date or time such as 2027-01-31: {error}") from error
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)
