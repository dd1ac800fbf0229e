"""torch.nn.LSTM, the outside witness."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..protocol import Runner, serve

torch.set_num_threads(1)  # `verify` has two runners at work at a time


def forward(config, tensors, inputs, trace):
    """It takes neither T = 0 nor rows of length 0: such rows are left out, and keep their state."""
    c = config
    lstm = torch.nn.LSTM(c.input_size, c.hidden_size, c.num_layers, c.bias, c.batch_first, bidirectional=c.bidirectional)
    lstm.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    x, h_0, c_0, lengths = map(torch.from_numpy, inputs)
    batch, time = (0, 1) if c.batch_first else (1, 0)
    rows, steps = lengths.nonzero()[:, 0], x.shape[time]
    with torch.no_grad():
        if len(rows) and (lengths == steps).all():
            y, (h_n, c_n) = lstm(x, (h_0, c_0))
            return y.numpy(), h_n.numpy(), c_n.numpy()
        y, h_n, c_n = x.new_zeros(*x.shape[:2], c.directions * c.hidden_size), h_0.clone(), c_0.clone()
        if len(rows):
            packed = pack_padded_sequence(x.index_select(batch, rows), lengths[rows], c.batch_first, enforce_sorted=False)
            packed_y, (h_n[:, rows], c_n[:, rows]) = lstm(packed, (h_0[:, rows], c_0[:, rows]))
            y.index_copy_(batch, rows, pad_packed_sequence(packed_y, c.batch_first, total_length=steps)[0])
    return y.numpy(), h_n.numpy(), c_n.numpy()


RUNNER = Runner("torch.nn.LSTM", "torch-nn", torch.__version__, "Python, C++", "approximate", forward)

if __name__ == "__main__":
    serve(RUNNER)
