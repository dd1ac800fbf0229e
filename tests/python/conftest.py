"""Shared by all Python tests."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lstm_ref.golden import manifest

# Time is for the benchmarks: a slow or busy machine must not fail a test.
settings.register_profile("lstm_ref", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lstm_ref")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> manifest.Manifest:
    return manifest.load(ROOT / "tests" / "golden")
