"""JSON as the specification wants it: valid, shallow, repeated keys kept (spec/model-file.md, check 2)."""

import json
import re
from typing import Any

MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1


class Members(list):
    """A JSON object as its (key, value) pairs in the order written, repetitions included."""

    def repeated(self) -> bool:
        return len({key for key, _ in self}) < len(self)


def parse_object(data: bytes) -> Members | None:
    """The object that data holds, or None when it is not valid in the sense of check 2."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=Members, parse_constant=_reject, parse_int=_parse_int)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Members) or _depth(value) > MAX_DEPTH or _has_surrogate(value):
        return None
    return value


def _reject(constant: str) -> None:
    raise ValueError(constant)


def _parse_int(digits: str) -> int | float:
    """An integer, or a float standing for "a number" when it is too large to be one."""
    return int(digits) if len(digits) <= 17 and abs(int(digits)) <= MAX_INTEGER else float("inf")


def _children(value: Any) -> list:
    if isinstance(value, Members):
        return [child for _, child in value]
    return value if isinstance(value, list) else []


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion: the input chooses the depth."""
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, list)]:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _has_surrogate(value: Any) -> bool:
    """Half of an escaped surrogate pair: Python lets it through, UTF-8 cannot hold it."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if re.search("[\ud800-\udfff]", item):
                return True
        elif isinstance(item, Members):
            stack += [part for pair in item for part in pair]
        elif isinstance(item, list):
            stack += item
    return False
