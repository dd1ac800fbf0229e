"""LSTM, GRU and plain RNN in PyTorch, from elementary operations, with the parameters of `torch.nn` and the options of the spec."""

from .recurrent import GRU, LSTM, RNN, load

__all__ = ["GRU", "LSTM", "RNN", "load"]
