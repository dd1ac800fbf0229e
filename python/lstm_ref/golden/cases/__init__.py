"""Every valid case and why it is there (spec/vectors.md). The list is the design of the vectors; the generator only fills it in."""

from ..manifest import Case
from .activations import activations
from .dtypes import dtypes
from .functions import functions
from .generated import SIZES, generated
from .masks import masks
from .normalised import normalised
from .numbers import numbers
from .pairs import pairs
from .sequences import sequences
from .steps import steps
from .variants import variants

__all__ = ["NOTES", "SIZES", "all_cases"]

NOTES = {
    "GATE_ORDER": "Tells the 24 orders of the four gates apart.",
    "TRANSPOSE": "A recurrent matrix read transposed changes the output.",
    "BIAS": "Both biases matter, their sum is rounded once, and there may be none.",
    "FUSION": "A product and a sum rounded separately where the specification fuses them, or fused where it does not.",
    "DOUBLE_ROUNDING": "A float32 fma made from float64 operations that round twice.",
    "CHUNK_ORDER": "Another chunk size, another order of the chunks, or chunks that span x and h.",
    "TAIL_LANE": "Sizes that are no multiple of a vector, a tile or a chunk.",
    "SIGNED_ZERO": "-0 and +0 told apart: padding, initial values, odd symmetry.",
    "SUBNORMAL": "Subnormal inputs, products, states or outputs: flushing shows.",
    "OVERFLOW": "Infinities that arise on the way, and saturated gates.",
    "NAN": "NaN spreads within its row and no further.",
    "ACTIVATION": "Inputs over the whole range of sigmoid and tanh; where one bit of a coefficient shows.",
    "INITIAL_STATE": "h_0 and c_0 used, and not mixed up.",
    "STATE_CARRY": "h and c carried from step to step.",
    "PADDING": "Steps past a row's length: not computed, zero in y, the state kept.",
    "REVERSE": "The reverse direction: its own weights, its own start, its place in y and in the state.",
    "STACK": "Layers on layers: widths, order of the states, who feeds whom.",
    "BATCH_FIRST": "(B, T, I) read as such, the states unchanged.",
    "BATCH_INVARIANCE": "The same row in batches of every size.",
    "EMPTY": "T = 0, B = 0, lengths of 0.",
    "FILE_ORDER": "Tensors found by their offsets, not by their place in the header; data at any alignment.",
    "LARGE": "Sizes of real models.",
    "PROJECTION": "h projected to R numbers: which matrix, of what, and what then reads h.",
    "PEEPHOLE": "Which gate looks at which cell state, the old or the new, through which weights.",
    "COUPLED": "The forget gate is 1 - i, not its own, and not the other way round.",
    "CLIP": "What is clipped, what is not, and when.",
    "RESET_MODE": "The equations of a GRU: before or after the product, which biases, which gate keeps.",
    "PLAIN_RNN": "The equations of a plain RNN.",
    "NORM": "What is normalised together with what, in which order it is summed, by which gain and shift; before or after the bias.",
    "CELL_NORM": "The cell state normalised: where it is carried on, or only where it is given out.",
    "HIDDEN_NORM": "The hidden state normalised: after the projection, before zoneout, carried on.",
    "EPSILON": "epsilon within the square root, of the size that was chosen.",
    "DROPOUT": "Which value is masked, by which mask, of which step and row; nothing in evaluation.",
    "ZONEOUT": "How much of which old value is kept, and what goes on with the new one.",
    "DOUBLE_PRECISION": "Everything in float64: its fma, its constants, its ranges.",
    "BRAIN_FLOAT": "Matrices of bfloat16, widened exactly: which half of a float32 it is, and which tensors are stored so.",
}


def all_cases() -> list[Case]:
    cases = [
        *steps(),
        *numbers(),
        *activations(),
        *sequences(),
        *generated(),
        *variants(),
        *functions(),
        *normalised(),
        *masks(),
        *pairs(),
        *dtypes(),
    ]
    names = [case.id for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    return cases
