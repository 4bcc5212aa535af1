"""MLServer with its own runtime for XGBoost, in an environment of its own."""

import json
import os
from pathlib import Path
from typing import Final

from experiments.server import free_port

REQUIREMENTS: Final = ("mlserver==1.7.1", "mlserver-xgboost==1.7.1", "xgboost==3.2.0")
START: Final = "from mlserver.cli import main; main()"
"""What its command does."""


def write_settings(folder: Path, booster: Path, *, name: str, port: int) -> None:
    """Write what MLServer reads: one model, in the server's own process, which on one core is the faster way."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    server = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, "metrics_dir": str(folder), **ports}
    model = {
        "name": name,
        "implementation": "mlserver_xgboost.XGBoostModel",
        "parameters": {"uri": str(booster), "version": "1"},
    }
    (folder / "settings.json").write_text(json.dumps(server), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")


def environment() -> dict[str, str]:
    """Give the environment of a process that is not ours."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
