"""Layer normalisation (spec N13; spec/variants.md, section 7): its properties, and torch.nn.LayerNorm as a witness."""

import itertools

import numpy as np
import pytest
import torch

from lstm_ref.config import GRUConfig, LSTMConfig, RNNConfig
from lstm_ref.golden.compare import same_bits
from lstm_ref.reference import CANONICAL32, CANONICAL64, FLOAT64, forward, norm

RNG = np.random.default_rng(7)


def numbers(*shape: int, scale: float = 1, dtype=np.float32) -> np.ndarray:
    return (RNG.standard_normal(shape) * scale).astype(dtype)


@pytest.mark.parametrize("size", [1, 2, 7, 15, 16, 17, 33, 64, 129, 1000])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_against_float64_and_torch(size, scale):
    v, gamma, beta = numbers(5, size, scale=scale), numbers(size), numbers(size)
    ours = norm(CANONICAL32, v, gamma, beta, 1e-5)
    truth = norm(FLOAT64, v.astype(np.float64), gamma.astype(np.float64), beta.astype(np.float64), float(np.float32(1e-5)))
    module = torch.nn.LayerNorm(size, eps=1e-5)
    module.load_state_dict({"weight": torch.from_numpy(gamma), "bias": torch.from_numpy(beta)})
    theirs = module(torch.from_numpy(v)).detach().numpy()
    worst = np.abs(truth).max() * 2.0**-20
    assert not (np.abs(ours - truth) > worst).any()
    assert not (np.abs(ours - theirs) > 2 * worst).any()


@pytest.mark.parametrize(("a", "units"), list(itertools.product((CANONICAL32, CANONICAL64), (5, 16, 37))))
def test_sixteen_partial_sums_for_any_vector(a, units):
    """Written once more, unit by unit: as an engine with vectors of 1 to 16 units adds."""
    v = numbers(3, 2 * units, dtype=a.dtype)
    for row, got in zip(v, norm(a, v, np.ones(2 * units, a.dtype), np.zeros(2 * units, a.dtype), 0.5, gates=2), strict=True):

        def total(values, f):
            s = [a.dtype(0)] * 16
            for k, value in enumerate(values):
                s[k % units % 16] = f(value, s[k % units % 16])
            for w in (8, 4, 2, 1):
                s = [s[j] + s[j + w] for j in range(w)]
            return s[0]

        n = a.dtype(2 * units)
        mean = total(row, lambda value, s: value + s) / n
        variance = total(row - mean, lambda d, s: a.fma(d, d, s)[()]) / n
        r = a.dtype(1) / np.sqrt(variance + a.dtype(0.5))
        assert same_bits(got, a.fma((row - mean) * r, a.dtype(1), a.dtype(0)))


def weights(config, seed=0):
    rng = np.random.default_rng(seed)
    return {name: (rng.standard_normal(e.shape) * 0.4).astype(np.float32) for name, e in config.iter_expected()}


def layer_norm(part, p, name, rows=slice(None)):
    """By torch.nn.LayerNorm, in float64."""
    gamma, beta = (torch.from_numpy(p[f"{kind}_{name}"][rows].astype(np.float64)) for kind in ("weight", "bias"))
    module = torch.nn.LayerNorm(part.shape[-1], eps=float(np.float32(1e-5)), dtype=torch.float64)
    module.load_state_dict({"weight": gamma, "bias": beta})
    return module(part)


@pytest.mark.parametrize("layer_norm_", ["none", "joint", "gate", "separate"])
@pytest.mark.parametrize("cell_norm", ["none", "output", "state"])
@pytest.mark.parametrize("hidden_norm", [False, True])
def test_an_lstm_of_torch_layer_norms(layer_norm_, cell_norm, hidden_norm):
    """The equations (V16) to (V21) out of torch.nn.LayerNorm modules."""
    H, T, B = 6, 4, 3
    config = LSTMConfig(5, H, layer_norm=layer_norm_, cell_norm=cell_norm, hidden_norm=hidden_norm)
    tensors = weights(config)
    x = numbers(T, B, 5)
    p = {name.removesuffix("_l0"): value for name, value in tensors.items()}
    w_ih, w_hh, b_ih, b_hh = (torch.from_numpy(p[n].astype(np.float64)) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = c = torch.zeros(B, H, dtype=torch.float64)
    y = []
    with torch.no_grad():
        for step in torch.from_numpy(x.astype(np.float64)):
            if layer_norm_ == "separate":
                z = b_ih + b_hh + layer_norm(step @ w_ih.T, p, "norm_ih") + layer_norm(h @ w_hh.T, p, "norm_hh")
            else:
                z = step @ w_ih.T + h @ w_hh.T + b_ih + b_hh
                if layer_norm_ == "joint":
                    z = layer_norm(z, p, "norm")
                elif layer_norm_ == "gate":
                    parts = enumerate(z.split(H, dim=-1))
                    z = torch.cat([layer_norm(part, p, "norm", slice(q * H, q * H + H)) for q, part in parts], dim=-1)
            i, f, g, o = z.split(H, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            if cell_norm == "state":
                c = layer_norm(c, p, "norm_c")
            h = o.sigmoid() * (layer_norm(c, p, "norm_c") if cell_norm == "output" else c).tanh()
            if hidden_norm:
                h = layer_norm(h, p, "norm_h")
            y.append(h.numpy())
    assert not (np.abs(forward(config, tensors, x).y - np.stack(y)) > 2e-5).any()


def test_a_gru_is_normalised_as_in_the_paper():
    """(26) to (28): r and u together, the candidate by itself; in float64, by NumPy's own mean and variance."""
    H = 4
    for reset_after in (True, False):
        config = GRUConfig(3, H, layer_norm="separate", reset_after=reset_after)
        p = {name.removesuffix("_l0"): value.astype(np.float64) for name, value in weights(config).items()}
        x, h = numbers(2, 3).astype(np.float64), numbers(2, H).astype(np.float64)

        def part(name, v, rows, p=p):
            z = v @ p[f"weight_{name}"][rows].T
            z = (z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + np.float32(1e-5))
            return z * p[f"weight_norm_{name}"][rows] + p[f"bias_norm_{name}"][rows]

        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        ru, n = slice(0, 2 * H), slice(2 * H, 3 * H)
        r, u = np.split(sigmoid(p["bias_ih"][ru] + p["bias_hh"][ru] + part("ih", x, ru) + part("hh", h, ru)), 2, axis=-1)
        if reset_after:
            n = np.tanh(p["bias_ih"][n] + part("ih", x, n) + r * (p["bias_hh"][n] + part("hh", h, n)))
        else:
            n = np.tanh(p["bias_ih"][n] + p["bias_hh"][n] + part("ih", x, n) + part("hh", r * h, n))
        got = forward(config, weights(config), x[None].astype(np.float32), h[None].astype(np.float32)).h_n[0]
        assert not (np.abs(got - (u * h + (1 - u) * n)) > 2e-6).any()


def test_the_trace_has_what_is_normalised():
    config = RNNConfig(3, 8, layer_norm="joint")
    tensors = weights(config) | {"weight_norm_l0": np.ones(8, np.float32), "bias_norm_l0": np.zeros(8, np.float32)}
    trace: dict[str, np.ndarray] = {}
    forward(config, tensors, numbers(2, 3, 3), trace=trace)
    assert not (np.abs(trace["z_l0"].mean(-1)) > 1e-6).any()
    assert not (np.abs(trace["z_l0"].std(-1) - 1) > 1e-2).any()
