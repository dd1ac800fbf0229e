"""Other equations of the step, other ways through the sequence."""

from collections.abc import Callable, Iterator

import numpy as np

from ...reference import Step, lstm_step, sequence
from .mutant import Mutant, layers_last, with_layer, with_outputs, with_step

_right_layer = sequence._layer


def wrong_steps() -> Iterator[Mutant]:
    yield with_step(
        "c' = f*c + i*g, both products rounded", "FUSION", _step(lambda a, i, f, g, c: a.add(a.mul(f, c), a.mul(i, g)))
    )
    yield with_step("c' = fma(i, g, f*c)", "FUSION", _step(lambda a, i, f, g, c: a.fma(i, g, a.mul(f, c))))
    yield with_step(
        "coupled gates: c' = f*c + (1 - f)*g",
        "STATE_CARRY",
        _step(lambda a, i, f, g, c: a.fma(f, c, a.mul(np.float32(1) - f, g))),
    )
    yield with_step("f and i exchanged", "GATE_ORDER", _step(lambda a, i, f, g, c: a.fma(i, c, a.mul(f, g))))
    yield with_step("h' = o * c', no tanh", "ACTIVATION", _step(_right_cell, lambda a, o, c, old: a.mul(o, c)))
    yield with_step("h' = o * tanh(c), the old c", "STATE_CARRY", _step(_right_cell, lambda a, o, c, old: a.mul(o, a.tanh(old))))
    yield with_step("h' = tanh(o * c')", "ACTIVATION", _step(_right_cell, lambda a, o, c, old: a.tanh(a.mul(o, c))))
    yield with_step("c' clipped to [-3, 3]", "OVERFLOW", _step(lambda a, i, f, g, c: np.clip(_right_cell(a, i, f, g, c), -3, 3)))
    yield with_step("no forget gate", "STATE_CARRY", _step(lambda a, i, f, g, c: a.add(c, a.mul(i, g))))
    yield with_step("sigmoid for g, tanh for o", "ACTIVATION", _swapped_activations)
    yield with_step(
        "f*c skipped where f is 0", "NAN", _step(lambda a, i, f, g, c: np.where(f == 0, a.mul(i, g), _right_cell(a, i, f, g, c)))
    )
    yield with_step("c not carried", "STATE_CARRY", lambda a, x, h, c, p, k: lstm_step(a, x, h, np.zeros_like(c), p))
    yield with_step("h not carried", "STATE_CARRY", lambda a, x, h, c, p, k: lstm_step(a, x, np.zeros_like(h), c, p))


def wrong_sequences() -> Iterator[Mutant]:
    def reverse_ignored(a, k, p, x, state, lengths, reverse):
        return _right_layer(a, k, p, x, state, lengths, False)

    def reverse_not_put_back(a, k, p, x, state, lengths, reverse):
        y, trace = _right_layer(a, k, p, x, state, lengths, reverse)
        return (y[::-1].copy() if reverse else y), trace

    def reverse_from_the_padding(a, k, p, x, state, lengths, reverse):
        if not reverse:
            return _right_layer(a, k, p, x, state, lengths, reverse)
        y, trace = _right_layer(a, k, p, x, state, np.full_like(lengths, len(x)), True)
        return np.where(np.arange(len(x))[:, None, None] < lengths[:, None], y, np.float32(0)), trace

    def last_output_repeated(a, k, p, x, state, lengths, reverse):
        y, trace = _right_layer(a, k, p, x, state, lengths, reverse)
        for b, n in enumerate(lengths):
            y[n:, b] = y[n - 1, b] if n else 0
        return y, trace

    def final_state_of_last_output(a, k, p, x, state, lengths, reverse):
        y, trace = _right_layer(a, k, p, x, state, lengths, reverse)
        if len(x):
            state["h"][:] = y[-1]
        return y, trace

    def state_zeroed_past_the_end(a, k, p, x, state, lengths, reverse):
        y, trace = _right_layer(a, k, p, x, state, lengths, reverse)
        state["h"][lengths < len(x)] = 0
        return y, trace

    def longest_row_only(a, k, p, x, state, lengths, reverse):
        return _right_layer(a, k, p, x, state, np.full_like(lengths, lengths.max(initial=0)), reverse)

    def rows_share_a_state(a, k, p, x, state, lengths, reverse):
        for value in state.values():
            value[:] = value[:1]
        return _right_layer(a, k, p, x, state, lengths, reverse)

    def empty_state_zeroed(config, inputs, result):
        lengths = inputs.get("lengths", np.full(result.h_n.shape[1], result.y.shape[1 if config.batch_first else 0]))
        gone = (lengths == 0)[:, None]
        return result.y, np.where(gone, np.float32(0), result.h_n), np.where(gone, np.float32(0), result.c_n)

    def halves_swapped(config, inputs, result):
        return np.roll(result.y, config.hidden_size, -1) if config.bidirectional else result.y, result.h_n, result.c_n

    yield with_layer("reverse direction runs forward", "REVERSE", reverse_ignored)
    yield with_layer("reverse outputs not put back in order", "REVERSE", reverse_not_put_back)
    yield with_layer("reverse direction starts at T-1 of a padded row", "PADDING", reverse_from_the_padding)
    yield with_layer("padding of y holds the last output", "PADDING", last_output_repeated)
    yield with_layer("h_n is y[T-1]", "REVERSE", final_state_of_last_output)
    yield with_layer("h_n of a short row is zero", "PADDING", state_zeroed_past_the_end)
    yield with_layer("all rows as long as the longest", "PADDING", longest_row_only)
    yield with_layer("all rows start from row 0's state", "INITIAL_STATE", rows_share_a_state)
    yield with_outputs("state of an empty row zeroed", "EMPTY", empty_state_zeroed)
    yield with_outputs("reverse half of y first", "REVERSE", halves_swapped)
    yield with_outputs("h_n and c_n swapped", "INITIAL_STATE", lambda config, inputs, r: (r.y, r.c_n, r.h_n))
    yield with_outputs("h_n in the order d*L + l", "STACK", lambda config, inputs, r: (r.y, layers_last(config, r.h_n), r.c_n))
    yield with_outputs("c_n in the order d*L + l", "STACK", lambda config, inputs, r: (r.y, r.h_n, layers_last(config, r.c_n)))
    yield with_outputs(
        "y time-major although batch_first",
        "BATCH_FIRST",
        lambda config, inputs, r: (r.y.swapaxes(0, 1) if config.batch_first else r.y, r.h_n, r.c_n),
    )


def _gates(a, x, h, c, p):
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    return z, a.sigmoid(z_i), a.sigmoid(z_f), a.tanh(z_g), a.sigmoid(z_o)


def _step(cell, output=lambda a, o, c, old: a.mul(o, a.tanh(c))) -> Callable[..., Step]:
    """A step with a cell equation and an output equation of its own."""

    def step(a, x, h, c, p, k):
        z, i, f, g, o = _gates(a, x, h, c, p)
        new = cell(a, i, f, g, c)
        return Step(z, np.concatenate([i, f, g, o], axis=-1), new, output(a, o, new, c))

    return step


def _right_cell(a, i, f, g, c):
    return a.fma(f, c, a.mul(i, g))


def _swapped_activations(a, x, h, c, p, k):
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    i, f, g, o = a.sigmoid(z_i), a.sigmoid(z_f), a.sigmoid(z_g), a.tanh(z_o)
    c = _right_cell(a, i, f, g, c)
    return Step(z, z, c, a.mul(o, a.tanh(c)))
