"""Shared by all Python tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lstm_ref import _binding
from lstm_ref.golden import manifest

# Time is for the benchmarks: a slow or busy machine must not fail a test.
settings.register_profile("lstm_ref", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lstm_ref")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> manifest.Manifest:
    return manifest.load(ROOT / "tests" / "golden")


@pytest.fixture(params=_binding.BINDINGS, scope="module")
def binding(request) -> Iterator[str]:
    """Puts the engine over each binding library, one after the other, in the place of the one in use."""
    if request.param not in _binding.available():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"this build lacks {request.param}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_binding, "engine", _binding.load(request.param))
        patch.setattr(_binding, "binding", request.param)
        yield request.param
