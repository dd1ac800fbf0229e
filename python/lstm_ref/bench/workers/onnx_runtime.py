"""ONNX Runtime: all graph optimisations, threads that do not spin, arrays bound once."""

import numpy as np
import onnxruntime

from ..worker import Job, Task, Worker, serve
from .onnx_model import build


class Sequence:
    """Input and output bound once, so that a call copies nothing."""

    def __init__(self, session: onnxruntime.InferenceSession, task: Task) -> None:
        T, B, _ = task.x.shape
        self.session, self.binding = session, session.io_binding()
        self.y = onnxruntime.OrtValue.ortvalue_from_numpy(
            np.empty((T, B, task.config.directions * task.config.hidden_size), np.float32)
        )
        self.binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(task.x))
        self.binding.bind_ortvalue_output("y", self.y)

    def compute(self) -> np.ndarray:
        self.run()
        return self.y.numpy()

    def run(self) -> None:
        self.session.run_with_iobinding(self.binding)


class Steps:
    """Two bindings take turns: each reads the state that the other one wrote. Faster than `run`, which makes its outputs anew."""

    def __init__(self, session: onnxruntime.InferenceSession, task: Task) -> None:
        make_value = onnxruntime.OrtValue.ortvalue_from_numpy  # shares the array's memory
        self.zero = np.zeros((1, task.x.shape[1], task.config.hidden_size), np.float32)
        self.session, self.xs = session, [make_value(task.x[t : t + 1]) for t in range(len(task.x))]
        self.y = make_value(self.zero.copy())
        self.states = [{name: make_value(self.zero.copy()) for name in "hc"} for _ in range(2)]
        self.bindings = [session.io_binding() for _ in range(2)]
        for n, binding in enumerate(self.bindings):
            binding.bind_ortvalue_output("y", self.y)
            for name in "hc":
                binding.bind_ortvalue_input(f"{name}_0", self.states[n][name])
                binding.bind_ortvalue_output(f"{name}_n", self.states[1 - n][name])

    def compute(self) -> np.ndarray:
        for value in self.states[0].values():
            value.update_inplace(self.zero)
        ys = []
        for t, x in enumerate(self.xs):
            binding = self.bindings[t % 2]
            binding.bind_ortvalue_input("x", x)
            self.session.run_with_iobinding(binding)
            ys.append(self.y.numpy().copy())
        return np.concatenate(ys)

    def run(self) -> None:
        session, bindings = self.session, self.bindings
        for t, x in enumerate(self.xs):
            binding = bindings[t % 2]
            binding.bind_ortvalue_input("x", x)
            session.run_with_iobinding(binding)


def make(task: Task) -> Job:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = task.threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    model = build(task, 1 if task.mode == "step" else len(task.x)).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return (Steps if task.mode == "step" else Sequence)(session, task)


if __name__ == "__main__":
    serve(Worker("ONNX Runtime", onnxruntime.__version__, make))
