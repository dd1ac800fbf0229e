"""Mutants made in the text of the reference: a piece of an equation replaced by another."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from ...config import Config
from ...reference import activations, cells, functions, masks, normalisation, sequence
from .mutant import Mutant, with_patches

Concerns = Callable[[Config], bool]
Patch = Callable[[], AbstractContextManager]
Replacement = tuple[str, str]  # what stands in the text exactly once, and what takes its place


def rewritten(name: str, flag: str, concerns: Concerns, function: Callable, *replacements: Replacement) -> Mutant:
    """The reference with one of its functions rewritten."""
    return replace(with_patches(name, flag, *rewriting(function, *replacements)), concerns=concerns)


def rewriting(function: Callable, *replacements: Replacement) -> list[Patch]:
    """Patches that put a rewritten function in the place of one of the reference."""
    text = inspect.getsource(function)
    for old, new in replacements:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {function.__name__}"
        text = text.replace(old, new)
    space = dict(vars(sys.modules[function.__module__]))
    exec(text, space)
    return list(_in_its_place(function, space[function.__name__]))


def _in_its_place(right: Callable, wrong: Callable) -> Iterator[Patch]:
    """Patches of every name and every table by which the reference reaches the function."""
    for module in (activations, functions, normalisation, masks, cells, sequence):
        for name, value in vars(module).items():
            if value is right:
                yield partial(patch.object, module, name, wrong)
            elif isinstance(value, dict) and name.isupper():
                found: dict[Any, Any] = {key: wrong for key, entry in value.items() if entry is right}
                if found:
                    yield partial(patch.dict, value, found)
