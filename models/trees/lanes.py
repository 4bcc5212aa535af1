"""Several doubles side by side in compiled loops, which the processor multiplies and adds at once.

Numba's compiler makes no such instructions of short inner loops; here it is told to. Each lane's sums and products are
those that a loop over the lanes would make, bit for bit.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core.errors import TypingError
from numpy.typing import NDArray

_INDEX: Any = ir.IntType(32)

Lanes = NDArray[np.float64]
"""A few doubles, which compiled loops keep in one register; a number beside them counts as that many equal ones."""


class _Type(types.Type):
    """Numba's word for so many lanes."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Lanes({count})")


@extending.register_model(_Type)
class _Model(extending.models.PrimitiveModel):
    """Lanes are a vector of LLVM's."""

    def __init__(self, manager: Any, lanes: _Type) -> None:
        super().__init__(manager, lanes, _vector(lanes))  # type: ignore[no-untyped-call]


def _instruction(by: Callable[..., Any]) -> Any:
    """Mark what gives a type and makes LLVM's instructions: a function of compiled loops, of the other arguments."""
    return extending.intrinsic(prefer_literal=True)(by)


@_instruction
def zeros(context: Any, count: Any) -> Any:
    """Make so many lanes of zeros; the count is one that the compiler knows."""
    lanes = _Type(count.literal_value)
    return lanes(count), lambda context, builder, signature, values: ir.Constant(_vector(lanes), None)


@_instruction
def taken(context: Any, array: Any, place: Any, like: Any) -> Any:
    """Take as many lanes as `like` has out of an array of doubles, beginning at a place, which nobody checks."""
    _check(array)

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, signature, values, like), align=8)

    return like(array, types.uint64, like), made


@_instruction
def put(context: Any, array: Any, place: Any, lanes: Any) -> Any:
    """Put lanes into an array of doubles, beginning at a place, which nobody checks."""
    _check(array)

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _address(context, builder, signature, values, lanes), align=8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, lanes), made


@_instruction
def total(context: Any, lanes: Any) -> Any:
    """Add lanes up, one after the other."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        each = [builder.extract_element(values[0], _INDEX(place)) for place in range(lanes.count)]
        found = each[0]
        for other in each[1:]:
            found = builder.fadd(found, other)
        return found

    return types.float64(lanes), made


@_instruction
def _spread(context: Any, value: Any, like: Any) -> Any:
    """Put a number into every lane."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = _vector(like)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), values[0], _INDEX(0))
        everywhere = ir.Constant(ir.VectorType(_INDEX, like.count), [0] * like.count)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), everywhere)

    return like(types.float64, like), made


def _teach(operation: Callable[[Any, Any], Any], name: str) -> None:
    """Teach an operator about lanes, and about lanes and a number.

    Not `inline`: Numba then takes stores into arrays that lie in a tuple for dead, and leaves them out.
    """

    @_instruction
    def both(context: Any, one: Any, other: Any) -> Any:
        return one(one, other), lambda context, builder, signature, values: getattr(builder, name)(*values)

    @extending.overload(operation, strict=False)  # what is given back has no annotations
    def of(one: Any, other: Any) -> Any:
        if isinstance(one, _Type) and isinstance(other, _Type):
            return lambda one, other: both(one, other)
        if isinstance(one, _Type) and isinstance(other, types.Number):
            return lambda one, other: both(one, _spread(other, one))
        if isinstance(one, types.Number) and isinstance(other, _Type):
            return lambda one, other: both(_spread(one, other), other)
        return None


for _operation, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _teach(_operation, _name)


def _vector(lanes: _Type) -> Any:
    return ir.VectorType(ir.DoubleType(), lanes.count)


def _check(array: Any) -> None:
    """Refuse arrays whose memory is not doubles side by side."""
    if not (
        isinstance(array, types.Array) and array.dtype == types.float64 and array.ndim == 1 and array.layout == "C"
    ):
        raise TypingError(f"lanes are of plain arrays of doubles, not of {array}")


def _address(context: Any, builder: Any, signature: Any, values: Any, lanes: _Type) -> Any:
    """Say where in an array lanes lie, by the values of its name and of a place."""
    data = context.make_array(signature.args[0])(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), _vector(lanes).as_pointer())
