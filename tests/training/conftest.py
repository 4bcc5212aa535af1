"""Models of the tests, registered while they run."""

import pytest

from models.estimators import MODELS
from tests.training.made import Past, Said


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the models of `made` for one test."""
    monkeypatch.setitem(MODELS, "said", Said)
    monkeypatch.setitem(MODELS, "past", Past)
