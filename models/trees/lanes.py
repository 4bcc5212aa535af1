"""Several doubles side by side in compiled loops, which the processor multiplies and adds at once.

Numba's compiler makes no such instructions of short inner loops; here it is told to. Each lane's sums and products are
those that a loop over the lanes would make, bit for bit.
"""

import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Self, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

from models.trees.forest import Doubles

_INDEX: Any = ir.IntType(32)


class Lanes(Protocol):
    """A few doubles; a number beside them counts as that many equal ones."""

    def __add__(self, other: "Lanes | float") -> Self: ...
    def __radd__(self, other: float) -> Self: ...
    def __sub__(self, other: "Lanes | float") -> Self: ...
    def __rsub__(self, other: float) -> Self: ...
    def __mul__(self, other: "Lanes | float") -> Self: ...
    def __rmul__(self, other: float) -> Self: ...


class _Type(types.Type):  # type: ignore[misc]  # Numba has no types
    """Numba's word for so many lanes."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Lanes({count})")


@register_model(_Type)
class _Model(models.PrimitiveModel):  # type: ignore[misc]  # Numba has no types
    """Lanes are a vector of LLVM's."""

    def __init__(self, manager: Any, lanes: _Type) -> None:
        super().__init__(manager, lanes, _vector(lanes))


@cache
def lanes_of(count: int) -> Callable[[], Lanes]:
    """Give what makes so many zeros, in compiled loops."""
    lanes = _Type(count)

    @intrinsic
    def zeros(context: Any) -> Any:
        return lanes(), lambda context, builder, signature, values: ir.Constant(_vector(lanes), None)

    return cast("Callable[[], Lanes]", zeros)


@intrinsic
def taken(context: Any, array: Any, place: Any, like: Any) -> Any:
    """Take as many lanes as `like` has out of an array, beginning at a place, which nobody checks."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, signature, values, like), align=8)

    return like(array, types.uint64, like), made


@intrinsic
def put(context: Any, array: Any, place: Any, lanes: Any) -> Any:
    """Put lanes into an array, beginning at a place, which nobody checks."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _address(context, builder, signature, values, lanes), align=8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, lanes), made


@intrinsic
def total(context: Any, lanes: Any) -> Any:
    """Add lanes up, one after the other."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        each = [builder.extract_element(values[0], _INDEX(place)) for place in range(lanes.count)]
        found = each[0]
        for other in each[1:]:
            found = builder.fadd(found, other)
        return found

    return types.float64(lanes), made


@intrinsic
def _spread(context: Any, value: Any, like: Any) -> Any:
    """Put a number into every lane."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = _vector(like)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), values[0], _INDEX(0))
        everywhere = ir.Constant(ir.VectorType(_INDEX, like.count), [0] * like.count)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), everywhere)

    return like(types.float64, like), made


def _teach(operation: Callable[[Any, Any], Any], instruction: str) -> None:
    """Teach an operator about lanes, and about lanes and a number.

    Not `inline`: Numba then takes stores into arrays that lie in a tuple for dead, and leaves them out.
    """

    @intrinsic
    def both(context: Any, one: Any, other: Any) -> Any:
        return one(one, other), lambda context, builder, signature, values: getattr(builder, instruction)(*values)

    @overload(operation, strict=False)  # what is given back has no annotations
    def of(one: Any, other: Any) -> Any:
        if isinstance(one, _Type) and isinstance(other, _Type):
            return lambda one, other: both(one, other)
        if isinstance(one, _Type) and isinstance(other, types.Number):
            return lambda one, other: both(one, _spread(other, one))
        if isinstance(one, types.Number) and isinstance(other, _Type):
            return lambda one, other: both(_spread(one, other), other)
        return None


for _operation, _instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _teach(_operation, _instruction)


def _vector(lanes: _Type) -> Any:
    return ir.VectorType(ir.DoubleType(), lanes.count)


def _address(context: Any, builder: Any, signature: Any, values: Any, lanes: _Type) -> Any:
    """Say where in an array lanes lie, by the values of its name and of a place."""
    data = context.make_array(signature.args[0])(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), _vector(lanes).as_pointer())
