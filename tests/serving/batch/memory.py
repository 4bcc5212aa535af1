"""Score ready rows in this process, and tell by how many MB its memory grew at most meanwhile."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.benchmarks.measure import measured
from models.artifact import Artifact
from models.registry import Registered
from serving.batch.destinations import destination
from serving.batch.groups import of_rows
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run


def main(asked: dict[str, Any]) -> None:
    """Score by saved artifacts; once before what is measured, for what is made at the first use."""
    models = [Registered(Artifact.load(Path(each)), "1") for each in asked["artifacts"]]

    def work(rows: str, to: str) -> None:
        where = destination(to, names=["", ""], folder=Path(asked["work"]))
        copied = where.workspace(models[0].artifact.name) / "copied"
        groups = of_rows(Place.read(rows), models, folder=copied, keeps_frame=False)
        run(groups, Asked(size=20_000), to=where, clock=lambda: datetime(2025, 10, 2, tzinfo=UTC))

    work(asked["few"], f"{asked['to']}/few/")
    peaks = [
        measured(lambda rows=rows: work(asked[rows], f"{asked['to']}/{rows}/"))[1]["peak_mb"]  # type: ignore[misc]
        for rows in ("some", "many")
    ]
    sys.stdout.write(json.dumps(peaks) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
