"""The C++ engine as Python programs use it, through the binding."""

from ... import __version__, native
from ..._binding import BINDINGS, binding
from ..protocol import Runner, serve


def forward(config, tensors, inputs, trace):
    x, h_0, c_0, lengths = inputs
    y, (h_n, c_n) = native.LSTM.from_tensors(config, tensors)(x, (h_0, c_0), lengths, trace=trace)
    return y, h_n, c_n


NAME = "python" if binding == BINDINGS[0] else f"python-{binding}"
RUNNER = Runner(f"lstm_ref for Python ({binding})", NAME, __version__, "Python, C++", "bit-exact", forward, trace=True)

if __name__ == "__main__":
    serve(RUNNER)
