"""Metrics: pure functions of what happened and what was predicted. `METRICS` fills by importing the folder."""

from configs.registry import import_folder
from models.metrics.registry import METRICS, Metric, metric, metrics_of

__all__ = ["METRICS", "Metric", "metric", "metrics_of"]

import_folder(__name__)
