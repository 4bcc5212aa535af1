"""Connections that ask a service all the time and hold every answer against what it must be."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from experiments.benchmarks.serving.swapped import Expected, Swapped
from serving.messages import Answer, ById, Problem, Score

SIZES: Final = (1, 1, 1, 3, 8, 100)
"""Customers of a request: up to 64 rows are answered in the worker's event loop, more in a thread."""
PATIENCE: Final = 120.0
"""Seconds after which a request hangs."""
PAUSE: Final = 0.01
"""Seconds between an answer and the next question: workers that start need the machine too."""
_ANSWER: Final = msgspec.json.Decoder(Answer)
_PROBLEM: Final = msgspec.json.Decoder(Problem)
_KEPT: Final = 20


@dataclass(frozen=True)
class Refused:
    """An answer that is an error: when (`time.monotonic`), its status and code."""

    at: float
    status: int
    code: str


@dataclass(frozen=True)
class Broken:
    """A connection that broke: when, how, and which worker had answered on it before ("" for none)."""

    at: float
    how: str
    worker: str


@dataclass
class Seen:
    """What came of all requests. `wrong` are the first sentences on answers that are not what they must be."""

    answers: int = 0
    scores: int = 0
    wrong_answers: int = 0
    hung: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    workers: dict[str, float] = field(default_factory=dict)
    stale: list[tuple[float, str, str]] = field(default_factory=list)

    def note(self, wrong: Sequence[str]) -> None:
        """Put down what is wrong with an answer."""
        self.wrong_answers += bool(wrong)
        self.wrong += wrong[: max(0, _KEPT - len(self.wrong))]


def faults_of(answer: Answer, asked: ById, expected: Expected, models: Sequence[str]) -> list[str]:
    """Say what is wrong with an answer: who is missing, what does not belong together, what is of two snapshots."""
    names = asked.models or models
    said = [(each.customer_id, each.model) for each in answer.results]
    if said != [(customer, name) for customer in asked.customer_ids for name in names]:
        return [f"asked {asked.customer_ids[:3]} of {names}, answered {said[:6]}"]
    scores = [each for each in answer.results if isinstance(each, Score)]
    if len(scores) < len(answer.results):
        return ["a customer of every batch is refused"]
    wrong = [each for each in scores if expected.get(_moment(each), {}).get(each.customer_id) != each.score]
    told = [f"{each.customer_id}: {each.score} is not that of {_moment(each)}" for each in wrong]
    for name in names:
        moments = {_moment(each) for each in scores if each.model == name}
        if len(moments) > 1:
            told.append(f"one answer is of {sorted(moments)}")
    return told


def _moment(score: Score) -> tuple[str, str, str]:
    return score.model, score.version, str(score.cutoff)


class Asking:
    """So many connections to a port of the loopback address, from a thread of their own, until it is stopped."""

    def __init__(self, swapped: Swapped, *, port: int, connections: int, seed: int = 0) -> None:
        self.swapped, self.port, self.connections = swapped, port, connections
        self.seen = Seen()
        self._random, self._stopping = random.Random(seed), False
        self._models = sorted({name for name, _ in swapped.artifacts})
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="asking")

    def __enter__(self) -> "Asking":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop, when what was asked is answered."""
        self._stopping = True
        self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._connection() for _ in range(self.connections)))

    async def _connection(self) -> None:
        """Ask over one connection after the other."""
        while not self._stopping:
            worker = ""
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                self.seen.broken.append(Broken(time.monotonic(), f"refused: {type(error).__name__}", worker))
                await asyncio.sleep(0.05)
                continue
            latest: dict[str, str] = {}
            try:
                while not self._stopping:
                    worker = await self._one(reader, writer, latest) or worker
                    await asyncio.sleep(PAUSE)
            except TimeoutError:
                self.seen.hung += 1
            except (OSError, EOFError) as error:
                self.seen.broken.append(Broken(time.monotonic(), type(error).__name__, worker))
            finally:
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latest: dict[str, str]) -> str:
        """Ask once, and look at the answer; gives the worker that answered, "" where it does not say."""
        asked, sent = self._question(), time.monotonic()
        body = msgspec.json.encode(asked)
        head = f"POST /v1/score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(PATIENCE):
            status, answered = await _response(reader)
        self.seen.latencies.append(time.monotonic() - sent)
        if status != 200:
            code = _PROBLEM.decode(answered).error
            self.seen.refused.append(Refused(time.monotonic(), status, code))
            return ""
        return self._look(_ANSWER.decode(answered), asked, sent, latest)

    def _question(self) -> ById:
        ids = self._random.sample(self.swapped.customer_ids, self._random.choice(SIZES))
        return ById(ids, self._random.choice((None, None, self._models[:1], self._models[1:])))

    def _look(self, answer: Answer, asked: ById, sent: float, latest: dict[str, str]) -> str:
        """Hold an answer against what it must be; on one connection, so of one worker, batches do not go back."""
        told = faults_of(answer, asked, self.swapped.expected, self._models)
        moments = dict.fromkeys(_moment(each) for each in answer.results if isinstance(each, Score))
        for name, version, cutoff in moments:
            if cutoff < latest.get(name, cutoff):
                told.append(f"{name} went back from the batch of {latest[name]} to {cutoff}")
            latest[name] = cutoff
            self.seen.told[name, version, cutoff] += 1
            self.seen.stale.append((sent, version, cutoff))
        self.seen.note(told)
        self.seen.answers += 1
        self.seen.scores += len(answer.results)
        worker = answer.request_id.partition("-")[0]
        self.seen.workers[worker] = time.monotonic()
        return worker


async def _response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer. Raises `EOFError` where it is cut off."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)
