"""The cells in NumPy, written to be read: the specification's equations, one a line, over an arithmetic."""

from .arithmetic import CANONICAL32, CANONICAL64, FLOAT64, Arithmetic
from .cells import Step, gru_step, lstm_step, rnn_step
from .masks import dropout_mask, masks_of_seed
from .normalisation import norm
from .sequence import Result, forward

__all__ = [
    "CANONICAL32", "CANONICAL64", "FLOAT64", "Arithmetic", "Result", "Step",
    "dropout_mask", "forward", "gru_step", "lstm_step", "masks_of_seed", "norm", "rnn_step",
]  # fmt: skip
