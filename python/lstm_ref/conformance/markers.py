"""Generated parts of Markdown files: what stands between `<!-- NAME -->` and `<!-- /NAME -->`."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidArgument
from ..model_file import read_bytes, write_atomic


class Block:
    """A generated part of a file; InvalidArgument when the file or its two markers are not there, before any work is done."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.begin, self.end = f"<!-- {name} -->", f"<!-- /{name} -->"
        try:
            self._split()
        except InvalidArgument as error:
            raise error.at(path) from None

    def _split(self) -> tuple[str, str]:
        text = read_bytes(self.path).decode("utf-8")
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise InvalidArgument("file", "no markers", f"{self.begin} and, after it, {self.end}")
        return before + begin, end + after

    def write(self, text: str) -> None:
        before, after = self._split()
        write_atomic(self.path, f"{before}\n\n{text}\n{after}".encode())
