"""Where the model comes from: of what it was made, and by which code."""

from collections.abc import Mapping
from typing import Any

from experiments.pages.blocks import Block, Facts, Section, Table
from experiments.pages.numbers import exact
from experiments.pages.used import weighed

Record = Mapping[str, Any]


def provenance(record: Record, run_id: str) -> Section:
    """Say from which run, code, data and versions the model is."""
    told = dict(record["provenance"])
    facts = {
        "MLflow run": run_id,
        "artifact": record["artifact"],
        "learned from cutoffs up to": record["trained_to"] if record["learned"]["from"] is not None else "",
        "commit": told.pop("commit", ""),
        "lock of the environment": told.pop("lock", ""),
        "data fingerprint": told.pop("data", ""),
        "data set": told.pop("dataset", ""),
        "time zone": told.pop("zone", ""),
        **told,
        "versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
    }
    return Section("Provenance", [Facts({name: each for name, each in facts.items() if each})])


def features(record: Record) -> Section:
    """List the features, and what each weighs where that is known."""
    weights = [row for row in record["importance"] if row["level"] == "feature"]
    declared = [[each["name"], " ".join(each["meaning"].split())] for each in record["features"]]
    shown: list[Block] = [Table("What they mean", ["feature", "meaning"], declared)]
    return Section("Features", [*shown, *([weighed("What they weigh", weights)] if weights else [])])


def models(record: Record) -> Section:
    """List the models with their parameters, how each was calibrated, and what it took to judge it."""
    header = ["model", "parameters", "calibration", "seconds"]
    rows = [
        [
            model,
            ", ".join(f"{name} {exact(value)}" for name, value in found["params"].items()),
            found["calibration"],
            f"{found['seconds']:.1f}",
        ]
        for model, found in record["models"].items()
    ]
    return Section("Models", [Table("Back-tested", header, rows, strong=record["champion"])])
