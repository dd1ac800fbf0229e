"""The LSTM in PyTorch, from elementary operations, with the parameters of `torch.nn.LSTM`."""

from .lstm import LSTM

__all__ = ["LSTM"]
