"""The LSTM from elementary torch operations (lstm_ref.torch)."""

import torch

from ... import __version__
from ...torch import LSTM
from ..protocol import Runner, serve

torch.set_num_threads(1)  # `verify` has two runners at work at a time


def forward(config, tensors, inputs, trace):
    x, h_0, c_0, lengths = map(torch.from_numpy, inputs)
    intermediates: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        y, state = LSTM.from_arrays(config, tensors)(x, (h_0, c_0), lengths, trace=None if trace is None else intermediates)
    if trace is not None:
        trace.update({name: value.numpy() for name, value in intermediates.items()})
    return tuple(value.contiguous().numpy() for value in (y, *state))


RUNNER = Runner("lstm_ref.torch", "torch", __version__, "Python, PyTorch", "approximate", forward, trace=True)

if __name__ == "__main__":
    serve(RUNNER)
