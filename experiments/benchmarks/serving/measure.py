"""One question to one server: whether it answers right, then how many answers a second, how soon, for how much CPU."""

from typing import Any, Final

import httpx
import numpy as np

from experiments.benchmarks.serving.deployment import Made
from experiments.benchmarks.serving.process import LOAD_CORE, cpu_seconds, on_core
from experiments.benchmarks.serving.questions import Question
from experiments.load import load, request

WARM_SECONDS: Final = 1.0
CLOSE: Final = 2e-6
"""Scores may differ by so much of their size: XGBoost's are float32's."""

Row = dict[str, Any]


class WrongAnswer(RuntimeError):
    """A server that does not answer what the model says; how fast it is means nothing."""


def check(question: Question, made: Made, *, port: int) -> None:
    """Ask once, and hold the scores against the models'. Raises `WrongAnswer`."""
    url, head = f"http://127.0.0.1:{port}{question.path}", {"content-type": question.kind}
    answered = httpx.post(url, content=question.bodies[0], headers=head, timeout=60)
    if answered.status_code != httpx.codes.OK:
        raise WrongAnswer(f"{question.path} answers {answered.status_code}: {answered.text[:500]}")
    asked = made.frame.set_index("customer_id", drop=False).loc[list(question.first)]
    for model, scores in question.scores(answered.content).items():
        expected = made.artifacts[model].predict(asked)
        if not np.allclose(scores, expected, rtol=CLOSE, atol=0):
            raise WrongAnswer(f"{question.path} gives {scores[:3]} of {model}, which gives {expected[:3].tolist()}")


def measured(question: Question, *, port: int, pid: int, connections: int, seconds: float) -> Row:
    """Ask over so many connections for so many seconds: rate, latencies and CPU µs of a request."""
    requests = [request(question.path, body, kind=question.kind) for body in question.bodies]
    with on_core(LOAD_CORE):
        load(requests, port=port, connections=connections, seconds=min(WARM_SECONDS, seconds))
        before = cpu_seconds(pid)
        found = load(requests, port=port, connections=connections, seconds=seconds)
        used = cpu_seconds(pid) - before
    if set(found.statuses) != {200}:
        raise WrongAnswer(f"{question.path} answers {dict(found.statuses)} under load")
    return {**found.plain(), "cpu_us": round(used / len(found.latencies) * 1e6, 1)}
