"""Medians, quartiles and ratios with an interval, and how a number is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95


class Summary(NamedTuple):
    """Of all samples, in seconds per time step."""

    median: float
    q1: float
    q3: float
    minimum: float
    samples: int


class Ratio(NamedTuple):
    """A value and the interval that holds it with 95 % confidence."""

    value: float
    low: float
    high: float


def summarise(samples: Sequence[float]) -> Summary:
    q1, median, q3 = (float(value) for value in np.quantile(samples, (0.25, 0.5, 0.75)))
    return Summary(median, q1, q3, float(min(samples)), len(samples))


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Ratio:
    """The median over the rounds of numerator / denominator, both measured in the same round, and its bootstrap interval.

    Pairing takes out what slows a whole round down; the rounds, not the samples, are what is independent.
    """
    ratios = np.asarray(numerators) / np.asarray(denominators)
    drawn = np.random.default_rng(0).integers(len(ratios), size=(RESAMPLES, len(ratios)))
    medians = np.median(ratios[drawn], axis=1)
    low, high = np.quantile(medians, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Ratio(float(np.median(ratios)), float(low), float(high))


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The exponent p of y ~ x**p: the least-squares slope of log y over log x."""
    return float(np.polyfit(np.log(xs), np.log(ys), 1)[0])


def number(value: float) -> str:
    """Three digits, none of them an exponent; four decimals for what is below a thousandth."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.4f}"
