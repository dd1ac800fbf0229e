"""The constants of the arithmetic by their names in the specification, to be changed for a while."""

import re
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from ...reference.width import Width


def coefficient_of(width: Width, name: str) -> Any:
    family, degree = _split(name)
    return getattr(width, name) if degree is None else getattr(width, family)[degree]


def changed(width: Width, name: str, value: Any) -> AbstractContextManager:
    """A context in which the constant has another value."""
    family, degree = _split(name)
    if degree is None:
        return patch.object(width, name, value)
    return patch.dict(getattr(width, family), {degree: value})


def _split(name: str) -> tuple[str, int | None]:
    """EXP_C7 -> EXP, 7; LN2 -> LN2, None."""
    match = re.fullmatch(r"(\w+)_C(\d+)", name)
    return (match[1], int(match[2])) if match else (name, None)
