"""The NumPy reference, whose bits define what is right."""

from ... import __version__, reference
from ...config import CONFIGS, DTYPES, VARIANTS
from ..protocol import Runner, serve


def forward(config, tensors, inputs, trace):
    return reference.forward(config, tensors, **inputs.arguments(), trace=trace)


RUNNER = Runner("lstm_ref NumPy reference", "numpy", __version__, "Python", "bit-exact", forward, trace=True,
                operations=tuple(CONFIGS), options=VARIANTS, dtypes=DTYPES)  # fmt: skip

if __name__ == "__main__":
    serve(RUNNER)
