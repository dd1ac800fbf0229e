"""ONNX Runtime, a witness: the operators LSTM, GRU and RNN on the CPU."""

import numpy as np
import onnxruntime

from ...convert.onnx import OPTIONS, make_model
from ..protocol import Runner, serve


def forward(config, tensors, inputs, trace):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # `verify` has two runners at work at a time
    options.log_severity_level = 4  # errors come as exceptions
    model = make_model(config, tensors).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = inputs.x.swapaxes(0, 1) if config.batch_first else inputs.x
    states = zip(config.state, inputs.states(), strict=True)
    given = {"x": np.ascontiguousarray(x), "lengths": inputs.lengths.astype(np.int32)} | {
        f"{name}_0": value for name, value in states
    }
    y, *final = session.run(None, given)
    return np.ascontiguousarray(y.swapaxes(0, 1) if config.batch_first else y), *final


RUNNER = Runner("ONNX Runtime", "onnx-runtime", onnxruntime.__version__, "C++", "approximate", forward,
                operations=("lstm", "gru", "rnn"), options=OPTIONS)  # fmt: skip

if __name__ == "__main__":
    serve(RUNNER)
