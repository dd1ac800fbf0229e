"""ONNX: the operators LSTM, GRU and RNN, a node for each layer. Their rows of weights are i, o, f, c; z, r, h; and as here."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..config import Config, GRUConfig, LSTMConfig
from ..errors import InvalidArgument

OPSET, IR_VERSION = 17, 10
OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
ORDERS = {"lstm": "iofg", "gru": "urn", "rnn": "n"}  # of gates, in the letters of spec/variants.md
OPTIONS = ("peephole", "input_forget", "reset_after", "clip", "gate_activation", "candidate_activation", "output_activation")
FUNCTIONS = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "leaky_relu": "LeakyRelu", "elu": "Elu", "hard_sigmoid": "HardSigmoid",
    "affine": "Affine", "scaled_tanh": "ScaledTanh", "softsign": "Softsign", "softplus": "Softplus",
    "thresholded_relu": "ThresholdedRelu",
}  # fmt: skip
Array = np.ndarray


def make_model(config: Config, tensors: Mapping[str, Array], *, has_state: bool = True, has_lengths: bool = True,
               dims: tuple[int | str, int | str] = ("T", "B")) -> onnx.ModelProto:  # fmt: skip
    """Inputs x (T, B, I), h_0 and c_0 (L*D, B, H), lengths (B,) int32; outputs y (T, B, D*H), h_n, c_n. Always time-major.

    Raises InvalidArgument for options that ONNX does not have.
    """
    c, (T, B) = config, dims
    for key in c.chosen():
        if key not in OPTIONS:
            raise InvalidArgument(key, "chosen", "its default: ONNX does not have this option")
    D, H, L = c.directions, c.hidden_size, c.num_layers
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, Array] = {}
    states = list(c.state) if has_state else []
    parts = {name: [f"{name}_l{layer}" for layer in range(L)] if L > 1 else [name] for name in _names(states, "0", "n")}
    if L > 1:
        nodes += [helper.make_node("Split", [name], parts[name], axis=0) for name in _names(states, "0")]
    layer_input = "x"
    for layer in range(L):
        weights = _weights(c, tensors, [suffix for row, suffix in c.suffixes() if row // D == layer])
        constants |= {f"{name}{layer}": value for name, value in weights.items()}
        given = ["W", "R", "B", "lengths", *(f"{name}_0" for name in c.state), "P"]
        present = {name: f"{name}{layer}" for name in weights} | {name: parts[name][layer] for name in _names(states, "0")}
        present |= {"lengths": "lengths"} if has_lengths else {}
        inputs = [layer_input, *(present.get(name, "") for name in given)]
        while not inputs[-1]:
            inputs.pop()
        outputs = [f"Y{layer}", *(parts[name][layer] for name in _names(states, "n"))]  # Y (T, D, B, H)
        nodes.append(helper.make_node(OPERATORS[c.op], inputs, outputs, **_attributes(c)))
        layer_input = "y" if layer == L - 1 else f"y{layer}"
        if D == 2:
            constants["merged"] = np.array([0, 0, D * H], np.int64)
            nodes.append(helper.make_node("Transpose", [f"Y{layer}"], [f"turned{layer}"], perm=[0, 2, 1, 3]))
            nodes.append(helper.make_node("Reshape", [f"turned{layer}", "merged"], [layer_input], allowzero=0))
        else:
            constants["direction"] = np.array([1], np.int64)
            nodes.append(helper.make_node("Squeeze", [f"Y{layer}", "direction"], [layer_input]))
    if L > 1:
        nodes += [helper.make_node("Concat", parts[name], [name], axis=0) for name in _names(states, "n")]

    def value(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    lengths = [value("lengths", B, kind=TensorProto.INT32)] if has_lengths else []
    graph = helper.make_graph(
        nodes,
        c.op,
        [value("x", T, B, c.input_size), *(value(name, L * D, B, H) for name in _names(states, "0")), *lengths],
        [value("y", T, B, D * H), *(value(name, L * D, B, H) for name in _names(states, "n"))],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _names(states: list[str], *ends: str) -> list[str]:
    """h_0, c_0; h_n, c_n"""
    return [f"{name}_{end}" for end in ends for name in states]


def _weights(c: Config, tensors: Mapping[str, Array], suffixes: list[str]) -> dict[str, Array]:
    """W (D, G*H, I_l), R (D, G*H, H), B (D, 2*G*H), the input's and the recurrent ones, and of an LSTM P (D, 3*H): i, o, f."""

    def reordered(name: str) -> list[Array]:
        split = [dict(zip(c.gates, np.split(tensors[f"{name}_{suffix}"], len(c.gates)), strict=True)) for suffix in suffixes]
        return [np.concatenate([gates[gate] for gate in ORDERS[c.op]]) for gates in split]

    weights = {"W": np.stack(reordered("weight_ih")), "R": np.stack(reordered("weight_hh"))}
    if c.bias:
        weights["B"] = np.concatenate([np.stack(reordered(name)) for name in ("bias_ih", "bias_hh")], axis=1)
    if isinstance(c, LSTMConfig) and c.peephole:
        weights["P"] = np.stack([tensors[f"weight_peephole_{suffix}"] for suffix in suffixes])
    return weights


def _attributes(c: Config) -> dict[str, Any]:
    places = [getattr(c, f"{place}_activation", None) for place in ("gate", "candidate", "output")]
    functions = [f for f in places if f is not None] * c.directions
    attributes: dict[str, Any] = {
        "hidden_size": c.hidden_size,
        "direction": "bidirectional" if c.bidirectional else "forward",
        "activations": [FUNCTIONS[f.name] for f in functions],
    }
    for k, name in enumerate(("activation_alpha", "activation_beta")):  # of those functions that have one
        if values := [f.parameters[k] for f in functions if len(f.parameters) > k]:
            attributes[name] = values
    if clip := getattr(c, "clip", 0):
        attributes["clip"] = clip
    if isinstance(c, LSTMConfig):
        attributes["input_forget"] = int(c.input_forget)
    if isinstance(c, GRUConfig):
        attributes["linear_before_reset"] = int(c.reset_after)
    return attributes
