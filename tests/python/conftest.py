"""Shared by all Python tests."""

from pathlib import Path

import pytest

from lstm_ref.golden import manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> manifest.Manifest:
    return manifest.load(ROOT / "tests" / "golden")
