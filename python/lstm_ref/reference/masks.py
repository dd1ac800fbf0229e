"""Masks of a training run that is given a seed (spec N14)."""

import numpy as np

from ..config import Config
from ..generator import stream
from .arithmetic import Arithmetic

Array = np.ndarray


def masks_of_seed(a: Arithmetic, config: Config, seed: int, steps: int, batch: int) -> dict[str, Array]:
    """All masks of a configuration by name; shapes as in spec/variants.md, section 8."""
    return {
        name: (zoneout_mask if mask.keeps else dropout_mask)(a, seed, name, mask.expected.shape, mask.rate)
        for name, mask in config.iter_masks(steps, batch)
    }


def dropout_mask(a: Arithmetic, seed: int, name: str, shape: tuple[int, ...], rate: float) -> Array:
    """+0 where a value is dropped, else what makes up for it (N14.2)."""
    scale = a.div(a.dtype(1), a.sub(a.dtype(1), a.dtype(rate)))
    return np.where(_is_hit(seed, name, shape, rate), a.dtype(0), scale)


def zoneout_mask(a: Arithmetic, seed: int, name: str, shape: tuple[int, ...], rate: float) -> Array:
    """1 where the old value is kept, else +0 (N14.3)."""
    return np.where(_is_hit(seed, name, shape, rate), a.dtype(1), a.dtype(0))


def _is_hit(seed: int, name: str, shape: tuple[int, ...], rate: float) -> Array:
    threshold = np.uint32(np.floor(rate * 2.0**32))  # (N14.1)
    return (stream(seed, name, int(np.prod(shape))) < threshold).reshape(shape)
