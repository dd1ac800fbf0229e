"""The C++ engine as Python programs use it, through the binding."""

from ... import __version__, native
from ..._binding import BINDINGS, binding
from ...config import CONFIGS, DTYPES, VARIANTS
from ..protocol import Runner, serve


def forward(config, tensors, inputs, trace):
    network = native.CLASSES[config.op].from_tensors(config, tensors)
    states = inputs.states()
    state_0 = tuple(states) if "c" in config.state else states[0]
    y, state = network(inputs.x, state_0, inputs.lengths, seed=inputs.seed, masks=inputs.masks, trace=trace)
    return (y, *state) if "c" in config.state else (y, state)


NAME = "python" if binding == BINDINGS[0] else f"python-{binding}"
RUNNER = Runner(f"lstm_ref for Python ({binding})", NAME, __version__, "Python, C++", "bit-exact", forward, trace=True,
                operations=tuple(CONFIGS), options=VARIANTS, dtypes=DTYPES)  # fmt: skip

if __name__ == "__main__":
    serve(RUNNER)
