"""The systems that are measured: how each is started, and what it is asked."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from configs.service import ServiceSettings
from configs.settings import SILENCE
from experiments.benchmarks.apart import python
from experiments.benchmarks.serving.deployment import AGAIN, ASKED, BATCH, DATASET, MODELS, Made
from experiments.benchmarks.serving.peers.mlserver import REQUIREMENTS, START, environment, write_settings
from experiments.benchmarks.serving.process import Command
from experiments.benchmarks.serving.questions import MANY, Question, by_id, by_row, in_arrow, in_bulk
from experiments.benchmarks.serving.shop import NAMES
from experiments.server import command as serve
from experiments.server import environment as served
from training.provenance import ROOT

ALL: Final = tuple(MODELS)
SERVICE: Final = "serving.service:AuguryService"
PEERS: Final = "experiments.benchmarks.serving.peers"
SCORE, FOUR, EXPLAIN = "one score", "four models", "one score, three reasons"
BULK_JSON, BULK_ARROW, BULK_IDS = "1,000 rows × 4, JSON", "1,000 rows × 4, Arrow", "1,000 ids × 4"
READ, COMPUTED = "augury, read from the batch", "augury, computed"
COMPUTED_XGBOOST = "augury, computed by XGBoost"
BARE, BARE_OURS = "uvicorn + Starlette + msgspec, XGBoost", "uvicorn + Starlette + msgspec, our trees"
MLFLOW, NAIVE, MLSERVER = "mlflow models serve", "BentoML as in its tutorials", "MLServer"

Ask = Callable[[Made], Question]


@dataclass(frozen=True)
class System:
    """How a server is started on a port, and its questions by case. `version` is the champion's, of our own."""

    kind: Literal["ours", "peer"]
    command: Callable[[Made, int], Command]
    asks: Mapping[str, Ask]
    version: str | None = None


def _ours(made: Made, port: int) -> Command:
    told = served(made.settings, ServiceSettings(dataset=DATASET), port=port)
    return Command(serve(host="127.0.0.1", port=port), told, "/readyz")


def _ours_by_xgboost(made: Made, port: int) -> Command:
    command = _ours(made, port)
    line = [f"{PEERS}.xgboost_alone:AuguryService" if each == SERVICE else each for each in command.line]
    return replace(command, line=line)


def _bare(engine: str) -> Callable[[Made, int], Command]:
    def command(made: Made, port: int) -> Command:
        line = [sys.executable, "-m", f"{PEERS}.bare", str(made.settings.var), str(port), engine]
        return Command(line, {**os.environ, **SILENCE}, "/ready")

    return command


def _mlflow(made: Made, port: int) -> Command:
    model = ["--model-uri", f"models:/{ASKED}/{BATCH}", "--env-manager", "local"]
    line = [sys.executable, "-m", "mlflow", "models", "serve", *model, "--host", "127.0.0.1", "--port", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = {**os.environ, **SILENCE, "MLFLOW_TRACKING_URI": made.settings.mlflow, "PATH": path}
    return Command([*line, "--workers", "1"], told, "/ping")


def _naive(made: Made, port: int) -> Command:
    line = [sys.executable, "-m", "bentoml", "serve", f"{PEERS}.naive:Naive", "--working-dir", str(ROOT)]
    ours = {"NAIVE_ARTIFACT": str(made.folder(ASKED)), "BENTOML_HOME": str(made.settings.var / "naive")}
    return Command([*line, "--host", "127.0.0.1", "--port", str(port)], {**os.environ, **SILENCE, **ours}, "/readyz")


def _mlserver(made: Made, port: int) -> Command:
    folder = made.settings.var / "mlserver"
    write_settings(folder, made.booster(ASKED), name=ASKED, port=port)
    inside = python("mlserver", REQUIREMENTS, var=made.settings.var.parent)
    return Command([str(inside), "-c", START, "start", str(folder)], environment(), "/v2/health/ready")


def _ids(path: str, **more: Any) -> Ask:
    return lambda made: by_id(path, made, **more)


def _split(row: dict[str, Any]) -> dict[str, Any]:
    return {"dataframe_split": {"columns": list(NAMES), "data": [list(row["features"].values())]}}


def _tensor(row: dict[str, Any]) -> dict[str, Any]:
    """Put a row as version 2 of the inference protocol has it."""
    data = list(row["features"].values())
    return {"inputs": [{"name": "rows", "shape": [1, len(NAMES)], "datatype": "FP64", "data": data}]}


def _rows(path: str, wrap: Callable[[dict[str, Any]], Any], scores: Callable[[dict[str, Any]], list[float]]) -> Ask:
    return lambda made: by_row(path, made.frame, wrap, scores)


def _tensors(made: Made) -> Question:
    """Ask of customers all of whose features are known: in JSON a tensor has no word for null."""
    known = made.frame.dropna()
    return by_row(f"/v2/models/{ASKED}/infer", known, _tensor, lambda answer: list(answer["outputs"][0]["data"]))


_SINGLE: Final = {
    SCORE: _ids("/v1/score", models=[ASKED]),
    FOUR: _ids("/v1/score", models=ALL),
    EXPLAIN: _ids("/v1/score", models=[ASKED], explain=3),
}
_BULKS: Final[Mapping[str, Ask]] = {
    BULK_IDS: _ids("/v1/score", models=ALL, many=MANY),
    BULK_JSON: lambda made: in_bulk("/v1/bulk", made),
    BULK_ARROW: lambda made: in_arrow("/v1/bulk", made),
}
_BARES: Final[Mapping[str, Ask]] = {
    SCORE: _ids("/score", models=[ASKED]),
    FOUR: _ids("/score", models=ALL),
    BULK_IDS: _ids("/score", models=ALL, many=MANY),
    BULK_JSON: lambda made: in_bulk("/bulk/json", made),
    BULK_ARROW: lambda made: in_arrow("/bulk/arrow", made),
}
SYSTEMS: Final[Mapping[str, System]] = {
    READ: System("ours", _ours, {**_SINGLE, BULK_IDS: _BULKS[BULK_IDS]}, BATCH),
    COMPUTED: System("ours", _ours, {**_SINGLE, **_BULKS}, AGAIN),
    COMPUTED_XGBOOST: System("ours", _ours_by_xgboost, {**_SINGLE, **_BULKS}, AGAIN),
    BARE: System("peer", _bare("xgboost"), _BARES),
    BARE_OURS: System("peer", _bare("ours"), _BARES),
    MLFLOW: System(
        "peer",
        _mlflow,
        {SCORE: _rows("/invocations", _split, lambda answer: [answer["predictions"][0]["score"]])},
    ),
    NAIVE: System("peer", _naive, {SCORE: _rows("/score", dict, lambda answer: [answer["score"]])}),
    MLSERVER: System("peer", _mlserver, {SCORE: _tensors}),
}
