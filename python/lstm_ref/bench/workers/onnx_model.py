"""The model as ONNX: one LSTM node a layer, all sizes fixed."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..worker import Task

OPSET, IR_VERSION = 17, 10


def build(task: Task, steps: int) -> onnx.ModelProto:
    """Inputs x (steps, B, I), h_0 and c_0 (L*D, B, H); outputs y (steps, B, D*H), h_n and c_n. The states only in mode "step"."""
    c, batch, carried = task.config, task.x.shape[1], task.mode == "step"
    D, H = c.directions, c.hidden_size
    if carried and (c.num_layers, D) != (1, 1):
        raise ValueError("one step at a time is built for one layer and one direction")
    nodes, constants = [], [numpy_helper.from_array(np.array([steps, batch, D * H], np.int64), "merged")]
    layer_input = "x"
    for layer in range(c.num_layers):
        suffixes = [f"l{layer}", f"l{layer}_reverse"][:D]
        for name, parts in _weights(task, suffixes).items():
            constants.append(numpy_helper.from_array(parts, f"{name}{layer}"))
        inputs = [layer_input, f"W{layer}", f"R{layer}", f"B{layer}", *(("", "h_0", "c_0") if carried else ())]
        outputs = [f"Y{layer}", *(("h_n", "c_n") if carried else ())]  # Y (T, D, B, H)
        direction = "bidirectional" if D == 2 else "forward"
        nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=H, direction=direction))
        if D == 2:
            nodes.append(helper.make_node("Transpose", [f"Y{layer}"], [f"turned{layer}"], perm=[0, 2, 1, 3]))
        layer_input = "y" if layer == c.num_layers - 1 else f"y{layer}"
        nodes.append(helper.make_node("Reshape", [f"turned{layer}" if D == 2 else f"Y{layer}", "merged"], [layer_input]))

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    states = [[value(name, 1, batch, H) for name in names] if carried else [] for names in (("h_0", "c_0"), ("h_n", "c_n"))]
    graph = helper.make_graph(
        nodes,
        "lstm",
        [value("x", steps, batch, c.input_size), *states[0]],
        [value("y", steps, batch, D * H), *states[1]],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _weights(task: Task, suffixes: list[str]) -> dict[str, np.ndarray]:
    """W (D, 4H, I), R (D, 4H, H), B (D, 8H) in ONNX's gate order i o f g."""

    def reordered(name: str) -> list[np.ndarray]:
        split = [np.split(task.tensors[f"{name}_{suffix}"], 4) for suffix in suffixes]
        return [np.concatenate([i, o, f, g]) for i, f, g, o in split]

    biases = zip(reordered("bias_ih"), reordered("bias_hh"), strict=True)
    return {
        "W": np.stack(reordered("weight_ih")),
        "R": np.stack(reordered("weight_hh")),
        "B": np.stack([np.concatenate(pair) for pair in biases]),
    }
