"""The version of this package; pyproject.toml has the only copy of the number."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lstm_ref")
except PackageNotFoundError:  # used from a source folder that is not installed
    __version__ = "source"
