"""All pieces of what is kept: whoever is asked about is answered from the last piece that is of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from features.declaration import Declaration
from features.engine.framed import framed
from features.engine.kept.merge import Part, merged
from features.engine.kept.piece import Piece
from features.engine.kernel import alphabet, loops
from features.engine.kernel.answer import fill
from features.engine.kernel.asked import Asked
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.loops import Array, Ints
from features.engine.kernel.source import Source


@dataclass(frozen=True)
class Pieces:
    """Pieces, the first of which is a base."""

    pieces: Sequence[Piece]

    @cached_property
    def listed(self) -> list[pa.Array]:
        """The customers' ids, by the piece that brings them."""
        return [each.customers for each in self.pieces]

    @cached_property
    def customers(self) -> pa.Array:
        """The customers' ids, by their numbers."""
        return self.listed[0] if len(self.listed) == 1 else pa.concat_arrays(self.listed)

    @cached_property
    def place(self) -> tuple[Ints, Ints]:
        """For each customer the last piece that is of them, and their place in it."""
        which, local = np.zeros(len(self.customers), np.int64), np.zeros(len(self.customers), np.int64)
        for number, piece in enumerate(self.pieces):
            which[piece.entities], local[piece.entities] = number, np.arange(len(piece.entities))
        return which, local

    def everyone(self, cutoffs: Ints) -> Keyed:
        """Ask about all customers at each cutoff after they were first known, in the order of the alphabet.

        Entities are their numbers, and so are those of the key.
        """
        every = alphabet.alphabetical(self.listed)
        first = self._gathered([piece.first for piece in self.pieces])
        keyed = Keyed.everyone(self.customers, first[every], cutoffs)
        return replace(keyed, asked=replace(keyed.asked, entity=every[keyed.asked.entity]))

    def _gathered(self, parts: Sequence[Ints]) -> Ints:
        """Put together, by number, what pieces have of each customer: the last of them counts."""
        made = np.empty(len(self.customers), np.int64)
        for piece, part in zip(self.pieces, parts, strict=True):
            made[piece.entities] = part
        return made

    def answers(self, declarations: Sequence[Declaration], keyed: Keyed) -> pd.DataFrame:
        """Compute declarations for who is asked about, in the order of the rows."""
        numbers = np.empty((len(declarations), keyed.rows))
        texts = {place: np.empty(keyed.rows, object) for place, each in enumerate(declarations) if each.text}
        for piece, fixed, part in self._parts(keyed):
            moving = [
                place for place, each in enumerate(declarations) if not fixed or each.fingerprint not in piece.standing
            ]
            some = {at: texts[place] for at, place in enumerate(moving) if place in texts}
            fill(
                [declarations[place] for place in moving],
                piece.sources,
                part,
                [numbers[place] for place in moving],
                some,
            )
            taken = part.asked.entity[part.place]
            for place in set(range(len(declarations))) - set(moving):
                loops.put(piece.standing[declarations[place].fingerprint], taken, part.order, numbers[place])
        return framed(declarations, numbers, texts)

    def _parts(self, keyed: Keyed) -> Iterator[tuple[Piece, bool, Keyed]]:
        """Split what is asked by the pieces that answer, and by whether what stands holds at the cutoff."""
        local = self.place[1]
        codes = self._codes(keyed)[keyed.place]
        rows = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[rows], np.arange(2 * len(self.pieces) + 1))
        for code in np.flatnonzero(np.diff(ends)).tolist():
            yield self.pieces[code // 2], bool(code % 2), _part(keyed, rows[ends[code] : ends[code + 1]], local)

    def _codes(self, keyed: Keyed) -> Array:
        """Number pieces twice: for those of whom nothing stands at the cutoff, and for the others."""
        entity, last = keyed.asked.entity, self._gathered([piece.settled for piece in self.pieces])
        fixed = last[entity] < keyed.asked.cutoff
        codes = (2 * self.place[0][entity] + fixed).astype(np.int16)
        return np.where(entity < 0, np.int16(0), codes)

    def merged(self, touched: Ints, new: Mapping[str, Source]) -> dict[str, Source]:
        """Put together all events of some customers by view, with new ones, in which they have the places of `touched`.

        Numbers beyond those of the customers there are stand for new ones.
        """
        known = touched < len(self.customers)
        which, local = (each[touched[known]] for each in self.place)
        places = np.flatnonzero(known)
        made = {}
        for view in self.pieces[0].sources:
            parts = [
                (piece.sources[view], local[which == number], places[which == number])
                for number, piece in enumerate(self.pieces)
                if number == 0 or (which == number).any()
            ]
            every = np.arange(len(touched))
            fresh = [(new[view], every, every)] if view in new else list[Part]()
            made[view] = merged([*parts, *fresh], len(touched))
        return made


def _part(keyed: Keyed, rows: Ints, local: Ints) -> Keyed:
    """Ask only for some rows, of customers by their places in a piece."""
    answers = keyed.place[rows]
    new = np.ones(len(rows), np.bool_)
    new[1:] = np.diff(answers) != 0
    chosen = answers[new]
    entity = keyed.asked.entity[chosen]
    asked = Asked(np.where(entity < 0, -1, local[entity]), keyed.asked.cutoff[chosen], keyed.asked.horizon_days)
    return Keyed(keyed.keys, asked, keyed.order[rows], np.cumsum(new) - 1)
