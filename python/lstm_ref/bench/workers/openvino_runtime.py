"""OpenVINO: the latency hint, float32 arithmetic, tensors shared with NumPy and set once."""

import numpy as np
import openvino

from ..worker import Job, Task, Worker, serve
from .onnx_model import build


class Sequence:
    def __init__(self, compiled: openvino.CompiledModel, task: Task) -> None:
        self.request = compiled.create_infer_request()
        self.request.set_tensor("x", openvino.Tensor(task.x, shared_memory=True))

    def compute(self) -> np.ndarray:
        self.run()
        return self.request.get_tensor("y").data.copy()

    def run(self) -> None:
        self.request.infer()


class Steps:
    """Two requests take turns: each reads the state that the other one wrote."""

    def __init__(self, compiled: openvino.CompiledModel, task: Task) -> None:
        batch, H = task.x.shape[1], task.config.hidden_size
        self.xs = [openvino.Tensor(task.x[t : t + 1], shared_memory=True) for t in range(len(task.x))]
        self.states = [
            {name: openvino.Tensor(np.zeros((1, batch, H), np.float32), shared_memory=True) for name in "hc"} for _ in range(2)
        ]
        self.requests = [compiled.create_infer_request() for _ in range(2)]
        for n, request in enumerate(self.requests):
            for name in "hc":
                request.set_tensor(f"{name}_0", self.states[n][name])
                request.set_tensor(f"{name}_n", self.states[1 - n][name])

    def compute(self) -> np.ndarray:
        for tensor in self.states[0].values():
            tensor.data[:] = 0
        ys = []
        for t, x in enumerate(self.xs):
            request = self.requests[t % 2]
            request.set_tensor("x", x)
            request.infer()
            ys.append(request.get_tensor("y").data.copy())
        return np.concatenate(ys)

    def run(self) -> None:
        for t, x in enumerate(self.xs):
            request = self.requests[t % 2]
            request.set_tensor("x", x)
            request.infer()


def make(task: Task) -> Job:
    core = openvino.Core()
    model = core.read_model(build(task, 1 if task.mode == "step" else len(task.x)).SerializeToString())
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": task.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 where the processor has it would be other work
        },
    )
    return (Steps if task.mode == "step" else Sequence)(compiled, task)


if __name__ == "__main__":
    serve(Worker("OpenVINO", openvino.__version__, make))
