"""The compiled loops: each goes over asked rows, whose events are `[lo, hi)` of arrays sorted by entity and time.

Asked rows come in order of entity and cutoff. Where one has the same `lo` as the one before it, its events begin with
those already seen, and the loop goes on from there: all cutoffs of an unbounded past cost one pass over the events.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@njit(cache=True)
def bounds(
    at: Array, starts: Ints, entity: Ints, first: Ints, end: Ints, lo: Ints, hi: Ints
) -> None:  # pragma: no cover
    """Find, for every asked row, its entity's events with first ≤ at < end."""
    before = -1
    a = b = 0
    for r in range(entity.size):
        e = entity[r]
        if e < 0:
            lo[r] = hi[r] = 0
            before = e
            continue
        stop = starts[e + 1]
        if e != before:
            b = stop
            while b > starts[e] and at[b - 1] >= end[r]:
                b -= 1
            a = b
            while a > starts[e] and at[a - 1] >= first[r]:
                a -= 1
            before = e
        while b < stop and at[b] < end[r]:
            b += 1
        while a < b and at[a] < first[r]:
            a += 1
        lo[r] = a
        hi[r] = b


@njit(cache=True)
def volume(data: Array, starts: Ints) -> float:  # pragma: no cover
    """Sum each entity's values regardless of their sign, as doubles; give the greatest sum."""
    greatest = 0.0
    for e in range(starts.size - 1):
        s = 0.0
        for i in range(starts[e], starts[e + 1]):
            s += abs(float(data[i]))
        greatest = max(greatest, s)
    return greatest


@njit(cache=True)
def total(data: Array, lo: Ints, hi: Ints, out: Array) -> None:  # pragma: no cover
    """Sum."""
    before = -1
    i = 0
    nothing = out.dtype.type(0)
    s = nothing
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            s = nothing
        while i < hi[r]:
            s += data[i]
            i += 1
        out[r] = s


@njit(cache=True)
def extreme(data: Array, valid: Bools, lo: Ints, hi: Ints, out: Floats, greatest: bool) -> None:  # pragma: no cover
    """Take the least or greatest value that there is; NaN where there is none."""
    before = -1
    i = 0
    best = np.nan
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            best = np.nan
        while i < hi[r]:
            if valid[i]:
                x = float(data[i])
                if np.isnan(best) or (x > best if greatest else x < best):
                    best = x
            i += 1
        out[r] = best


@njit(cache=True)
def deviation(data: Array, valid: Bools, lo: Ints, hi: Ints, out: Floats) -> None:  # pragma: no cover
    """Take the sample standard deviation, in two passes over the distances to the first value, which are exact.

    NaN over fewer than two values, 0 over equal ones.
    """
    for r in range(lo.size):
        n = 0
        s = 0.0
        origin = data[lo[r] : lo[r] + 1].sum() * 0
        for i in range(lo[r], hi[r]):
            if valid[i]:
                if n == 0:
                    origin = data[i]
                n += 1
                s += data[i] - origin
        if n < 2:
            out[r] = np.nan
            continue
        mean = s / n
        squares = 0.0
        for i in range(lo[r], hi[r]):
            if valid[i]:
                squares += (data[i] - origin - mean) ** 2
        out[r] = np.sqrt(squares / (n - 1))


@njit(cache=True)
def _weight(age: int, half_life_days: int) -> float:  # pragma: no cover
    weight: float = 2.0 ** (-age / half_life_days)
    return weight


@njit(cache=True)
def weights(ages: int, half_life_days: int) -> Floats:  # pragma: no cover
    """Give 2^(−age / half-life) for the ages from 0 on."""
    made = np.empty(ages)
    for age in range(ages):
        made[age] = _weight(age, half_life_days)
    return made


@njit(cache=True)
def decayed(
    data: Array, day: Array, lo: Ints, hi: Ints, today: Array, half_life_days: int, weights: Floats, out: Floats
) -> None:  # pragma: no cover
    """Sum values weighed by 2^(−age / half-life), the age in whole days; what is summed ages from day to day.

    `weights` are those of the ages that events can have to each other; the cutoff may lie further on, or before them.
    """
    before = -1
    i = 0
    s = 0.0
    last = 0
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            s = 0.0
        while i < hi[r]:
            if i > before and day[i] != last:
                s *= weights[day[i] - last]
            last = day[i]
            s += data[i]
            i += 1
        age = today[r] - last
        if i == before:
            out[r] = 0.0
        else:
            out[r] = s * (weights[age] if 0 <= age < weights.size else _weight(age, half_life_days))


@njit(cache=True)
def place(valid: Bools, lo: Ints, hi: Ints, out: Ints, last: bool) -> None:  # pragma: no cover
    """Find the first or last valid event; −1 where there is none."""
    for r in range(lo.size):
        out[r] = -1
        if last:
            for i in range(hi[r] - 1, lo[r] - 1, -1):
                if valid[i]:
                    out[r] = i
                    break
        else:
            for i in range(lo[r], hi[r]):
                if valid[i]:
                    out[r] = i
                    break


@njit(cache=True)
def picked(
    data: Array, valid: Bools, at: Array, lo: Ints, hi: Ints, out: Floats, last: bool
) -> None:  # pragma: no cover
    """Take the value of the first or last valid event: of several at one time the least, or the greatest."""
    step = -1 if last else 1
    for r in range(lo.size):
        i = hi[r] - 1 if last else lo[r]
        out[r] = np.nan
        while lo[r] <= i < hi[r] and not valid[i]:
            i += step
        if not lo[r] <= i < hi[r]:
            continue
        when = at[i]
        best = float(data[i])
        while lo[r] <= i < hi[r] and at[i] == when:
            if valid[i]:
                best = max(best, float(data[i])) if last else min(best, float(data[i]))
            i += step
        out[r] = best


@njit(cache=True)
def localised(hashes: Array, valid: Bools, starts: Ints) -> npt.NDArray[np.int32]:  # pragma: no cover
    """Number every entity's own values from 0 on, in the order in which they come; −1 where there is none."""
    codes = np.full(hashes.size, -1, np.int32)
    most = 0
    for e in range(starts.size - 1):
        most = max(most, starts[e + 1] - starts[e])
    size = 1
    while size < 2 * most + 1:
        size *= 2
    slots = np.full(size, -1, np.int64)
    for e in range(starts.size - 1):
        n = starts[e + 1] - starts[e]
        width = 1
        while width < 2 * n:
            width *= 2
        known = 0
        for i in range(starts[e], starts[e + 1]):
            if not valid[i]:
                continue
            s = np.int64(hashes[i] & np.uint64(width - 1))
            while slots[s] >= 0 and hashes[slots[s]] != hashes[i]:
                s = (s + 1) & (width - 1)
            if slots[s] < 0:
                slots[s] = i
                codes[i] = known
                known += 1
            else:
                codes[i] = codes[slots[s]]
        slots[:width] = -1
    return codes


@njit(cache=True)
def different(codes: npt.NDArray[np.int32], lo: Ints, hi: Ints, out: Floats) -> None:  # pragma: no cover
    """Count an entity's different values from its first event on: their numbers are given in the order they come."""
    before = -1
    i = 0
    known = -1
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            known = -1
        while i < hi[r]:
            known = max(known, codes[i])
            i += 1
        out[r] = known + 1


DISTINCT, TOP_SHARE, ENTROPY, TOP = 0, 1, 2, 3


@njit(cache=True)
def surprise(most: int) -> Floats:  # pragma: no cover
    """Give n ln n for the counts from 0 on."""
    made = np.zeros(most + 1)
    for n in range(2, most + 1):
        made[n] = n * np.log(n)
    return made


@njit(cache=True)
def labels(
    codes: npt.NDArray[np.int32], texts: Array, logs: Floats, lo: Ints, hi: Ints, out: Floats, kind: int
) -> None:  # pragma: no cover
    """Count an entity's values: how many there are, the greatest share, the entropy, or the place of the top one.

    `texts` numbers values by their place in the alphabet: of several top ones the least is taken. `logs` is n ln n.
    """
    width = np.int64(codes.max()) + 1 if codes.size else 0
    counts = np.zeros(width, np.int64)
    seen = np.zeros(width, np.int64)
    places = np.zeros(width, np.int64)
    before = -1
    i = known = rows = most = 0
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            for k in range(known):
                counts[seen[k]] = 0
            known = rows = most = 0
        while i < hi[r]:
            code = codes[i]
            if code >= 0:
                if counts[code] == 0:
                    seen[known] = code
                    places[known] = i
                    known += 1
                counts[code] += 1
                most = max(most, counts[code])
                rows += 1
            i += 1
        if kind == DISTINCT:
            out[r] = known
        elif rows == 0:
            out[r] = np.nan
        elif kind == TOP_SHARE:
            out[r] = most / rows
        elif kind == ENTROPY:
            out[r] = _entropy(counts, seen, known, rows, logs)
        else:
            out[r] = _top(counts, seen, known, most, texts, places)


@njit(cache=True)
def _entropy(counts: Ints, seen: Ints, known: int, rows: int, logs: Floats) -> float:  # pragma: no cover
    """Give ln N − Σ n ln n / N, exactly 0 for a single value."""
    if known == 1:
        return 0.0
    spread = 0.0
    for k in range(known):
        spread += logs[counts[seen[k]]]
    return float((logs[rows] - spread) / rows)


@njit(cache=True)
def _top(counts: Ints, seen: Ints, known: int, most: int, texts: Array, places: Ints) -> float:  # pragma: no cover
    least = np.inf
    for k in range(known):
        if counts[seen[k]] == most:
            least = min(least, texts[places[k]])
    return least


@njit(cache=True)
def put(made: Array, taken: Ints, rows: Ints, out: Array) -> None:  # pragma: no cover
    """Write to each row the answer that it takes."""
    for i in range(rows.size):
        out[rows[i]] = made[taken[i]]


@njit(cache=True)
def late(known: Ints, lo: Ints, hi: Ints, cutoff: Ints, out: Bools) -> None:  # pragma: no cover
    """Whether one of the events was not yet known at the cutoff."""
    before = -1
    i = 0
    nothing = np.iinfo(np.int64).min
    latest = nothing
    for r in range(lo.size):
        if lo[r] != before:
            before = i = lo[r]
            latest = nothing
        while i < hi[r]:
            latest = max(latest, known[i])
            i += 1
        out[r] = latest >= cutoff[r]


@njit(cache=True)
def order(codes: Array, time: Ints, entities: int) -> tuple[Ints, Array]:  # pragma: no cover
    """Sort events by entity and time. Gives where each entity starts, and where each event goes; −1 for code −1."""
    starts = np.zeros(entities + 1, np.int64)
    for code in codes:
        if code >= 0:
            starts[code + 1] += 1
    for e in range(entities):
        starts[e + 1] += starts[e]
    upto = starts[:-1].copy()
    latest = np.full(entities, np.iinfo(np.int64).min, np.int64)
    slots = np.full(codes.size, -1, np.int32)
    mixed = False
    for i in range(codes.size):
        e = codes[i]
        if e >= 0:
            slots[i] = upto[e]
            upto[e] += 1
            mixed |= time[i] < latest[e]
            latest[e] = time[i]
    return (starts, _in_time(slots, time, starts)) if mixed else (starts, slots)


@njit(cache=True)
def _in_time(slots: Array, time: Ints, starts: Ints) -> Array:  # pragma: no cover
    """Sort each entity's events by time, those of one time in the order they came in."""
    placed = np.empty(starts[-1], np.int64)
    for i in range(slots.size):
        if slots[i] >= 0:
            placed[slots[i]] = i
    for e in range(starts.size - 1):
        a, b = starts[e], starts[e + 1]
        for k in range(a + 1, b):
            if time[placed[k]] < time[placed[k - 1]]:
                placed[a:b] = placed[a:b][np.argsort(time[placed[a:b]], kind="mergesort")]
                break
    for k in range(placed.size):
        slots[placed[k]] = k
    return slots


@njit(cache=True)
def scatter(data: Array, slots: Ints, out: Array) -> None:  # pragma: no cover
    """Put each value where it goes."""
    for i in range(slots.size):
        if slots[i] >= 0:
            out[slots[i]] = data[i]


@njit(cache=True)
def days(time: Ints, slots: Array, out: npt.NDArray[np.int32]) -> None:  # pragma: no cover
    """Put each event's day (since 1970) where it goes."""
    for i in range(slots.size):
        if slots[i] >= 0:
            out[slots[i]] = time[i] // 86_400_000_000


@njit(cache=True)
def gaps(day: Array, starts: Ints) -> tuple[Ints, Bools]:  # pragma: no cover
    """Count the days since the entity's day before; the first has none."""
    gap = np.zeros(day.size, np.int64)
    valid = np.zeros(day.size, np.bool_)
    for e in range(starts.size - 1):
        for i in range(starts[e] + 1, starts[e + 1]):
            gap[i] = day[i] - day[i - 1]
            valid[i] = True
    return gap, valid


@njit(cache=True)
def grouped(day: Array, starts: Ints) -> tuple[Ints, Ints]:  # pragma: no cover
    """Find where each entity's days start among its events, and where each entity starts among the days."""
    firsts = np.empty(day.size + 1, np.int64)
    of_days = np.zeros(starts.size, np.int64)
    found = 0
    for e in range(starts.size - 1):
        for i in range(starts[e], starts[e + 1]):
            if i == starts[e] or day[i] != day[i - 1]:
                firsts[found] = i
                found += 1
        of_days[e + 1] = found
    firsts[found] = day.size
    return firsts[: found + 1].copy(), of_days


@njit(cache=True)
def spread(lo: Ints, hi: Ints, known: Ints, cutoff: Ints) -> tuple[Ints, Ints]:  # pragma: no cover
    """Copy out every asked row's events that were known at its cutoff. Gives where each one's start, and which."""
    starts = np.zeros(lo.size + 1, np.int64)
    for r in range(lo.size):
        n = 0
        for i in range(lo[r], hi[r]):
            n += known.size == 0 or known[i] < cutoff[r]
        starts[r + 1] = starts[r] + n
    chosen = np.empty(starts[-1], np.int64)
    for r in range(lo.size):
        n = starts[r]
        for i in range(lo[r], hi[r]):
            if known.size == 0 or known[i] < cutoff[r]:
                chosen[n] = i
                n += 1
    return starts, chosen
