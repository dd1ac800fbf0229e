"""torch.nn.LSTM in evaluation and inference mode; as the variant "cell" torch.nn.LSTMCell, which is faster one step at a time."""

import numpy as np
import torch

from ...conformance.protocol import Skipped
from ..worker import Job, Task, Worker, serve


class Sequence:
    def __init__(self, lstm: torch.nn.LSTM, x: torch.Tensor) -> None:
        self.lstm, self.x = lstm, x

    def compute(self) -> np.ndarray:
        return self.lstm(self.x)[0].numpy()

    def run(self) -> None:
        self.lstm(self.x)


class Steps:
    def __init__(self, lstm: torch.nn.LSTM, x: torch.Tensor) -> None:
        self.lstm, self.xs = lstm, list(x.split(1))
        self.state: tuple[torch.Tensor, torch.Tensor] | None = None

    def compute(self) -> np.ndarray:
        self.state = None
        ys = []
        for x in self.xs:
            y, self.state = self.lstm(x, self.state)
            ys.append(y)
        return torch.cat(ys).numpy()

    def run(self) -> None:
        lstm, state = self.lstm, self.state
        for x in self.xs:
            _, state = lstm(x, state)
        self.state = state


class CellSteps:
    def __init__(self, lstm: torch.nn.LSTM, x: torch.Tensor) -> None:
        self.cell = torch.nn.LSTMCell(lstm.input_size, lstm.hidden_size, lstm.bias).requires_grad_(False)
        self.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
        self.xs = list(x)
        self.state: tuple[torch.Tensor, torch.Tensor] | None = None

    def compute(self) -> np.ndarray:
        self.state = None
        ys = []
        for x in self.xs:
            self.state = self.cell(x, self.state)
            ys.append(self.state[0])
        return torch.stack(ys).numpy()

    def run(self) -> None:
        cell, state = self.cell, self.state
        for x in self.xs:
            state = cell(x, state)
        self.state = state


def make(task: Task) -> Job:
    torch.set_num_threads(task.threads)
    c = task.config
    lstm = torch.nn.LSTM(c.input_size, c.hidden_size, c.num_layers, c.bias, c.batch_first, bidirectional=c.bidirectional)
    lstm.load_state_dict({name: torch.from_numpy(value) for name, value in task.tensors.items()})
    lstm.eval().requires_grad_(False)
    x = torch.from_numpy(task.x)
    if task.mode == "sequence":
        return Sequence(lstm, x)
    if task.variant != "cell":
        return Steps(lstm, x)
    if (c.num_layers, c.directions) != (1, 1):
        raise Skipped("a cell is one layer, one direction")
    return CellSteps(lstm, x)


if __name__ == "__main__":
    with torch.inference_mode():
        serve(Worker("PyTorch", torch.__version__, make))
