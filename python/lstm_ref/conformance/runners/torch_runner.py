"""LSTM, GRU and plain RNN from elementary torch operations (lstm_ref.torch)."""

import torch

from ... import __version__
from ...config import CONFIGS, DTYPES, VARIANTS
from ...sequences import join_state, split_final
from ...torch.recurrent import CLASSES
from ..protocol import Runner, serve

torch.set_num_threads(1)  # `verify` has two runners at work at a time


def forward(config, tensors, inputs, trace):
    state = join_state([torch.from_numpy(value) for value in inputs.states()])
    x, lengths = torch.from_numpy(inputs.x), torch.from_numpy(inputs.lengths)
    intermediates: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        network = CLASSES[config.op].from_arrays(config, tensors)
        masks = None if inputs.masks is None else {name: torch.from_numpy(value) for name, value in inputs.masks.items()}
        y, final = network(x, state, lengths, seed=inputs.seed, masks=masks, trace=None if trace is None else intermediates)
    if trace is not None:
        trace.update({name: value.numpy() for name, value in intermediates.items()})
    return tuple(value.contiguous().numpy() for value in (y, *split_final(final)))


RUNNER = Runner("lstm_ref.torch", "torch", __version__, "Python, PyTorch", "approximate", forward, trace=True,
                operations=tuple(CONFIGS), options=VARIANTS, dtypes=DTYPES)  # fmt: skip

if __name__ == "__main__":
    serve(RUNNER)
