"""Reasons of a few customers, as examples of what the model says: nobody is named."""

from typing import Any

import numpy as np

from features.concepts import concepts_of
from models.contract import Explained, eligible
from models.reasons import reasons
from training.backtest import Backtested
from training.record.asked import asked_by


def examples(judged: Backtested) -> list[dict[str, Any]]:
    """Give score and reasons of the customers whom the latest model scores highest, in the middle and lowest."""
    last = judged.parts[-1]
    asked, model = asked_by(last, judged.calibration), last.model
    if not isinstance(model, Explained) or asked.X.empty:
        return []
    order = np.argsort(-asked.scored["score"].to_numpy(), kind="stable")
    places = {"highest": order[0], "middle": order[len(order) // 2], "lowest": order[-1]}
    chosen, X = list(places.values()), last.split.test.X
    rows = asked.X.iloc[chosen]
    told = model.contributions(X), model.predict(X)  # pairs are told of with all that their customer bought
    asked_about = [each[eligible(X)][chosen] for each in told]
    terms = last.calibrations[judged.calibration].contributions(*asked_about)
    found = reasons(
        terms,
        model.features_,
        rows,
        concepts=concepts_of(model.features_),
        typical=judged.artifact.typical,
    )
    return [
        {
            "which": which,
            "score": float(asked.scored["score"].iloc[place]),
            "reasons": [
                {"title": each.title, "direction": each.direction, "sentence": each.sentence, "movable": each.movable}
                for each in told
            ],
        }
        for (which, place), told in zip(places.items(), found, strict=True)
    ]
