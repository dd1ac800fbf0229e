"""The model as ONNX, all sizes fixed."""

from __future__ import annotations

import onnx

from ...convert.onnx import make_model
from ..worker import Task


def build(task: Task, steps: int) -> onnx.ModelProto:
    """Inputs x (steps, B, I), h_0 and c_0 (1, B, H); outputs y (steps, B, D*H), h_n and c_n. The states only in mode "step"."""
    c, carried = task.config, task.mode == "step"
    if carried and (c.num_layers, c.directions) != (1, 1):
        raise ValueError("one step at a time is built for one layer and one direction")
    return make_model(c, task.tensors, has_state=carried, has_lengths=False, dims=(steps, task.x.shape[1]))
