"""How any MLflow client loads an artifact: this file is stored with the model and run by MLflow itself.

Where Augury is installed its own code reads the artifact (whose format is checked); elsewhere the copy that was
stored beside it does.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class AuguryModel(PythonModel):
    """Gives a score for each row of a frame: keys and one column a feature."""

    def load_context(self, context: Any) -> None:
        """Load the artifact that lies beside this file."""
        try:
            from models.artifact import Artifact
        except ModuleNotFoundError:
            sys.path.append(context.artifacts["code"])
            from models.artifact import Artifact
        self.artifact = Artifact.load(Path(context.artifacts["artifact"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Score the rows that are asked about."""
        return self.artifact.score(model_input, version=self.artifact.id)


set_model(AuguryModel())
