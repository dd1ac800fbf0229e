"""The activation functions that a configuration may choose: names, parameters and their defaults (spec/variants.md, section 3)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .environment import canonical_environment
from .errors import InvalidArgument, describe

DEFAULTS: dict[str, tuple[float, ...]] = {  # of alpha and beta, as in ONNX; 1 and 0 where ONNX has none
    "sigmoid": (),
    "tanh": (),
    "relu": (),
    "leaky_relu": (0.01,),
    "elu": (1.0,),
    "hard_sigmoid": (0.2, 0.5),
    "affine": (1.0, 0.0),
    "scaled_tanh": (1.0, 1.0),
    "softsign": (),
    "softplus": (),
    "thresholded_relu": (1.0,),
}


class Activation(NamedTuple):
    """A function by name, and its parameters, which are float32 values."""

    name: str
    parameters: tuple[float, ...] = ()

    @canonical_environment()
    def to_json(self) -> str | list[str | float]:
        """The name alone where the parameters are the defaults."""
        if self == named(self.name):
            return self.name
        return [self.name, *map(shortest, self.parameters)]


def named(name: str) -> Activation:
    """With default parameters."""
    return Activation(name, tuple(to_float32(value) for value in DEFAULTS[name]))


def to_float32(value: float) -> float:
    """The nearest float32."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def shortest(value: float) -> float:
    """The number with the fewest digits that is the same float32."""
    return float(str(np.float32(value)))


SIGMOID, TANH = named("sigmoid"), named("tanh")


def check_activation(parameter: str, value: Any) -> Activation:
    """A name, or a sequence of a name and its parameters; raises InvalidArgument."""
    if isinstance(value, Activation):
        value = (value.name, *value.parameters)
    if isinstance(value, str):
        if value not in DEFAULTS:
            raise InvalidArgument(parameter, describe(value), f"one of {', '.join(DEFAULTS)}")
        return named(value)
    if not isinstance(value, Sequence) or not value:
        raise InvalidArgument(parameter, describe(value), "a name, or an array of a name and its parameters")
    name, *numbers = value
    if not isinstance(name, str) or name not in DEFAULTS:
        raise InvalidArgument(f"{parameter}[0]", describe(name), f"one of {', '.join(DEFAULTS)}")
    if len(numbers) != len(DEFAULTS[name]):
        raise InvalidArgument(parameter, f"{len(numbers)} parameters", f"{len(DEFAULTS[name])} for {name}")
    return Activation(name, tuple(check_number(f"{parameter}[{k}]", number) for k, number in enumerate(numbers, 1)))


def check_number(parameter: str, value: Any, want: str = "a number that is finite in float32") -> float:
    """The nearest float32 of a number."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    number = to_float32(value) if is_number else np.inf
    if not np.isfinite(number):
        raise InvalidArgument(parameter, describe(value), want)
    return number
