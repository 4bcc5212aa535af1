"""The batch: all models answer a block of rows before the next one is read, and each block is there once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from models.artifact import NotExplained
from models.contract import Explained
from models.registry import Registered
from serving.batch.answers import columns_of, reasons, scores
from serving.batch.blocks import Block, customers
from serving.batch.destinations import Destination
from serving.batch.draft import DRAFTS, Draft, Finished, Written
from serving.batch.manifest import FRAME, REASONS, SCORES, TERMS, Manifest, of_model
from serving.batch.question import Asked, Group
from serving.batch.workspace import workspace
from serving.suppression import check_block_name

_ROWS: Final = "rows"
Told = Callable[[str, int, int], None]
"""Hears what is being done, how many rows are done, and how many there are (0 while that is not known)."""


def run(
    groups: Sequence[Group],
    asked: Asked,
    *,
    to: Destination,
    clock: Callable[[], datetime],
    told: Told = lambda what, done, rows: None,
) -> list[Manifest]:
    """Score groups of models, and give what each model's batch says of itself.

    What is there already is not scored again; what a killed run of the same question had finished is taken up. Else a
    destination gets a new batch, and readers see the old one until the new one is whole. Raises what sources and
    destinations raise, `NotExplained` for a model that gives no reasons, and `InUse`.
    """
    names = [name for group in groups for name in group.models]
    _check(groups, asked, to)
    with ExitStack() as stack:
        for folder in dict.fromkeys(to.workspace(name) for name in names):
            stack.enter_context(workspace(folder, of=", ".join(names)))
        for group in groups:
            group.source.check()
        questions = {
            name: asked.question(each, group.source) for group in groups for name, each in group.models.items()
        }
        found = to.held(questions)
        left = [each for group in groups if (each := group.without(found)).models]
        drafts = {
            name: Draft.at(to.workspace(name) / DRAFTS / name, questions[name], now=clock()) for name in _names(left)
        }
        for group in left:
            _Pass(group, drafts, asked, to.holds_frames and group.source.keeps_frame, told).go(_work(to, group))
        made = {name: _said(group, name, drafts[name], clock()) for group in left for name in group.models}
        if made:
            to.publish(drafts, made)
    return [{**found, **made}[name] for name in names]


def _names(groups: Sequence[Group]) -> list[str]:
    return [name for group in groups for name in group.models]


def _work(to: Destination, group: Group) -> Path:
    """Give the folder for what is made of a group's rows."""
    return to.workspace(next(iter(group.models))) / _ROWS


def _check(groups: Sequence[Group], asked: Asked, to: Destination) -> None:
    if any(asked.reasons.values()) and not to.holds_frames:
        raise ValueError("reasons go to a folder, and not into a file or table of scores: give a folder, or leave them")
    for name, registered in (each for group in groups for each in group.models.items()):
        check_block_name(name)
        model = registered.artifact.model_name
        if asked.reasons.get(name) and not isinstance(registered.artifact.model, Explained):
            raise NotExplained(f"the scores of {model!r} are no sums over features, so {name} gives no reasons")


def _said(group: Group, name: str, draft: Draft, finished: datetime) -> Manifest:
    source = group.source
    return of_model(group.models[name], draft, dataset=source.name, data=source.fingerprint, finished=finished)


@dataclass(frozen=True)
class _Pass:
    """One reading of the rows of a group."""

    group: Group
    drafts: Mapping[str, Draft]
    asked: Asked
    keeps_frame: bool
    told: Told

    def go(self, work: Path) -> None:
        """Let each model answer the blocks that its draft does not have."""
        self.told(f"features of {self.group.source.name}", 0, 0)
        rows = self.group.source.rows(work)
        needed = {name for each in self.group.models.values() for name in columns_of(each.artifact)}
        done, count = 0, rows.count
        for block in rows.blocks(None if self.keeps_frame else needed, size=self.asked.size):
            self._block(block)
            done += len(block.table)
            self.told("score", done, count)

    def _block(self, block: Block) -> None:
        left = {
            name: each for name, each in self.group.models.items() if block.number not in self.drafts[name].finished
        }
        if not left:
            return
        ids, suppressed = block.table["customer_id"], self.asked.left_out
        out, cutoff = suppressed.counted(ids), pc.max(block.table["cutoff"]).as_py().isoformat()
        kept = block.without(suppressed.kept(ids))
        frame: Path | None = None
        for name, registered in left.items():
            draft, count, files = self.drafts[name], 0, dict[str, Written]()
            if len(kept.table):
                count, files = self._answer(registered, draft, kept)
                if self.keeps_frame:
                    path, files[path] = draft.write(FRAME, block.number, frame or kept.table)
                    frame = draft.folder / path
            draft.finish(Finished(block.number, cutoff, count, out, files))

    def _answer(self, registered: Registered, draft: Draft, block: Block) -> tuple[int, dict[str, Written]]:
        """Write scores, and if they are asked for reasons and terms; gives the customers scored, and the files."""
        made = scores(registered, block)
        files = dict([draft.write(SCORES, block.number, made)])
        if top := self.asked.reasons.get(registered.artifact.name):
            why, terms = reasons(registered, block, top=top)
            files |= dict([draft.write(REASONS, block.number, why), draft.write(TERMS, block.number, terms)])
        return customers(made["customer_id"]), files
