"""The least that a server of these models needs: uvicorn, Starlette, msgspec and rows in memory.

`python -m experiments.benchmarks.serving.peers.bare FOLDER PORT ENGINE`; the engine is `xgboost` (its booster is asked
by rows) or `ours` (what the artifact's model does with rows).
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import uvicorn
from msgspec import Struct
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from experiments.benchmarks.serving.shop import NAMES, customer_ids
from models.artifact import Artifact

Rows = NDArray[np.float64]
Predict = Callable[[Rows], NDArray[np.floating]]


class Asked(Struct):
    """Customers, and the models that are to score them."""

    customer_ids: list[str]
    models: list[str]


class Sent(Struct):
    """A customer's features."""

    customer_id: str
    features: dict[str, float | None]


class Many(Struct):
    """Many customers' features."""

    rows: list[Sent]


class Score(Struct):
    """One score."""

    customer_id: str
    model: str
    version: str
    score: float


class Answer(Struct):
    """All scores."""

    results: list[Score]


class Server:
    """Models by name, and customers' features in memory."""

    def __init__(self, models: dict[str, tuple[str, Predict]], rows: Rows) -> None:
        self.models, self.rows = models, rows
        self.places = {customer_id: place for place, customer_id in enumerate(customer_ids(len(rows)))}
        self.asked, self.many = msgspec.json.Decoder(Asked), msgspec.json.Decoder(Many)
        self.encoder = msgspec.json.Encoder()

    async def score(self, request: Request) -> Response:
        """Score customers by id."""
        asked = self.asked.decode(await request.body())
        places = [self.places[each] for each in asked.customer_ids]
        rows = self.rows[places[0] : places[0] + 1] if len(places) == 1 else self.rows[places]
        return self._answer(asked.customer_ids, asked.models, rows)

    async def many_json(self, request: Request) -> Response:
        """Score rows that come as JSON."""
        sent = self.many.decode(await request.body()).rows
        rows = np.array([[each.features.get(name) for name in NAMES] for each in sent], dtype=np.float64)
        return self._answer([each.customer_id for each in sent], list(self.models), rows)

    async def many_arrow(self, request: Request) -> Response:
        """Score rows that come as an Arrow stream, and answer with one."""
        table = pa.ipc.open_stream(await request.body()).read_all()
        rows = np.column_stack([table[name].to_numpy() for name in NAMES])
        scores = {name: predict(rows) for name, (_, predict) in self.models.items()}
        made = pa.table({"customer_id": table["customer_id"], **scores})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, made.schema) as stream:
            stream.write_table(made)
        return Response(sink.getvalue().to_pybytes(), media_type="application/vnd.apache.arrow.stream")

    def _answer(self, ids: list[str], models: list[str], rows: Rows) -> Response:
        results = []
        for name in models:
            version, predict = self.models[name]
            scores = predict(rows).tolist()
            results += [Score(each, name, version, score) for each, score in zip(ids, scores, strict=True)]
        return Response(self.encoder.encode(Answer(results)), media_type="application/json")


@dataclass(frozen=True)
class _Loaded:
    artifact: Artifact
    engine: str

    @property
    def predict(self) -> Predict:
        """Give what scores rows."""
        model = self.artifact.model
        if self.engine == "xgboost":
            booster = model.booster_  # type: ignore[attr-defined]  # boosted's
            return lambda rows: booster.inplace_predict(rows)
        return model.predict_rows  # type: ignore[attr-defined,no-any-return]


def main(folder: Path, port: int, engine: str) -> None:
    """Serve."""
    loaded = [_Loaded(Artifact.load(each), engine) for each in sorted((folder / "artifacts").iterdir())]
    models = {each.artifact.name: (each.artifact.id, each.predict) for each in loaded}
    server = Server(models, np.load(folder / "rows.npy"))
    app = Starlette(
        routes=[
            Route("/score", server.score, methods=["POST"]),
            Route("/bulk/json", server.many_json, methods=["POST"]),
            Route("/bulk/arrow", server.many_arrow, methods=["POST"]),
            Route("/ready", lambda request: Response(b"{}")),
        ]
    )
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
