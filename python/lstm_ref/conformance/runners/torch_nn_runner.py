"""torch.nn.LSTM, torch.nn.GRU and torch.nn.RNN, the outside witnesses."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ...config import DTYPES, Config
from ...convert import pytorch
from ...errors import InvalidArgument
from ..protocol import Runner, Skipped, serve

torch.set_num_threads(1)  # `verify` has two runners at work at a time


def make_module(config: Config) -> torch.nn.RNNBase:
    """Without weights of its own worth anything. Raises Skipped for what PyTorch does not have.

    Of the activations that is all but the relu of a plain RNN, of dropout all but a training run, since its masks are its own: too little to
    offer these options; the tests use them.
    """
    try:
        return pytorch.make_module(config).eval()
    except InvalidArgument as error:
        raise Skipped(f"no option {error.parameter}") from None


def forward(config, tensors, inputs, trace):
    """y, h_n and, of an LSTM, c_n. PyTorch takes neither T = 0 nor rows of length 0: such rows are left out, and keep their state."""
    if inputs.seed is not None or inputs.masks is not None:
        raise Skipped("a training run: PyTorch has masks of its own")
    c, module = config, make_module(config)
    module.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    x, lengths = torch.from_numpy(inputs.x), torch.from_numpy(inputs.lengths)
    states = [torch.from_numpy(value) for value in inputs.states()]
    batch, time = (0, 1) if c.batch_first else (1, 0)
    rows, steps = lengths.nonzero()[:, 0], x.shape[time]

    def run(x, states):
        y, state = module(x, states[0] if len(states) == 1 else tuple(states))
        return y, [state] if len(states) == 1 else state

    with torch.no_grad():
        if len(rows) and (lengths == steps).all():
            y, states = run(x, states)
        else:
            y = x.new_zeros(*x.shape[:2], c.directions * c.output_size)
            states = [value.clone() for value in states]
            if len(rows):
                packed = pack_padded_sequence(x.index_select(batch, rows), lengths[rows], c.batch_first, enforce_sorted=False)
                packed_y, finals = run(packed, [value[:, rows] for value in states])
                y.index_copy_(batch, rows, pad_packed_sequence(packed_y, c.batch_first, total_length=steps)[0])
                for value, final in zip(states, finals, strict=True):
                    value[:, rows] = final
    return tuple(value.numpy() for value in (y, *states))


RUNNER = Runner("torch.nn", "torch-nn", torch.__version__, "Python, C++", "approximate", forward,
                operations=("lstm", "gru", "rnn"), options=("proj_size",), dtypes=DTYPES)  # fmt: skip

if __name__ == "__main__":
    serve(RUNNER)
