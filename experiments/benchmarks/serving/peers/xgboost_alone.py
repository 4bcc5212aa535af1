"""Our service in which XGBoost itself answers for every booster, and the compiled trees for none."""

from models.trees.ensemble import Ensemble
from serving.service import AuguryService

__all__ = ["AuguryService"]

Ensemble._walk = None  # type: ignore[assignment]  # this process is there to be measured so, and for nothing else
