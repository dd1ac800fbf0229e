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
        if self.path.exists() and not self.path.is_file():
            raise InvalidArgument("file", "a directory or device", "a regular file")
        try:
            text = read_bytes(self.path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidArgument("file", f"byte {error.start} is not UTF-8", "a text file in UTF-8") from None
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise InvalidArgument("file", "no markers", f"{self.begin} and, after it, {self.end}")
        return before + begin, end + after

    def write(self, text: str) -> None:
        """Lone surrogates, which a runner's texts may hold, become escapes."""
        try:
            before, after = self._split()
            write_atomic(self.path, f"{before}\n\n{text}\n{after}".encode(errors="backslashreplace"))
        except InvalidArgument as error:
            raise error.at(self.path) from None
