"""The C++ engine from Python, over the binding that LSTM_REF_BINDING names."""

import os

import numpy as np

from ... import __version__, native
from ..worker import Job, Task, Worker, serve


class Sequence:
    """One call a sequence, into an array that is kept."""

    def __init__(self, lstm: native.LSTM, task: Task) -> None:
        self.lstm, self.x = lstm, task.x
        T, B, _ = task.x.shape
        self.y = np.empty((T, B, task.config.directions * task.config.hidden_size), np.float32)

    def compute(self) -> np.ndarray:
        self.run()
        return self.y

    def run(self) -> None:
        self.lstm(self.x, out=self.y)


class Steps:
    """One call a step, of a stream that carries the state."""

    def __init__(self, lstm: native.LSTM, task: Task) -> None:
        self.stream, self.xs = lstm.stream(task.x.shape[1]), list(task.x)

    def compute(self) -> np.ndarray:
        self.stream.reset()
        return np.stack([self.stream.step(x).copy() for x in self.xs])

    def run(self) -> None:
        step = self.stream.step
        for x in self.xs:
            step(x)


def make(task: Task) -> Job:
    lstm = native.LSTM.from_tensors(task.config, task.tensors, num_threads=task.threads, isa=task.isa or None)
    return (Steps if task.mode == "step" else Sequence)(lstm, task)


if __name__ == "__main__":
    serve(Worker(f"lstm_ref for Python over {os.environ.get('LSTM_REF_BINDING', 'pybind11')}", __version__, make))
