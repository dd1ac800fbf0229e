"""torch.nn.LSTM, torch.nn.GRU and torch.nn.RNN. Tensors have the same names, shapes and order of gates on both sides."""

from typing import Any

from ..config import CONFIGS, Config
from ..errors import InvalidArgument

NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
MODES = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn", "RNN_RELU": "rnn"}  # of torch.nn.RNNBase


def config_of(module: Any, op: str) -> Config:
    """What a torch.nn module computes; one of lstm_ref.torch brings its configuration along."""
    config = getattr(module, "config", None)
    if not isinstance(config, Config):
        if not hasattr(module, "weight_hh_l0") or getattr(module, "mode", None) not in MODES:
            raise InvalidArgument("module", describe_module(module), f"a torch.nn.{NAMES[op]}")
        options: dict[str, Any] = {}
        if module.proj_size:
            options["proj_size"] = module.proj_size
        if module.dropout and module.num_layers > 1:
            options["dropout"] = module.dropout
        if module.mode == "RNN_RELU":
            options["candidate_activation"] = "relu"
        config = CONFIGS[MODES[module.mode]](module.input_size, module.hidden_size, module.num_layers, module.bias,
                                             module.batch_first, module.bidirectional, **options)  # fmt: skip
    if config.op != op:
        raise InvalidArgument("module", describe_module(module), f"a torch.nn.{NAMES[op]}")
    return config


def describe_module(module: Any) -> str:
    return f"a {type(module).__name__}"


def make_module(config: Config, **more: Any) -> Any:
    """The module of torch.nn for a configuration, its weights still to be loaded. more: device, dtype."""
    import torch

    c, options = config, config.chosen()
    arguments: dict[str, Any] = {key: options.pop(key) for key in ("proj_size", "dropout") if key in options}
    if c.op == "rnn" and options.get("candidate_activation") == "relu":
        arguments["nonlinearity"] = options.pop("candidate_activation")
    is_double = options.pop("dtype", "") == "float64"  # bfloat16 weights are float32 in PyTorch, too
    more = {"dtype": torch.float64 if is_double else torch.float32} | more  # whatever PyTorch's default is
    for key in options:
        raise InvalidArgument(key, "chosen", f"its default: torch.nn.{NAMES[c.op]} does not have this option")
    return getattr(torch.nn, NAMES[c.op])(c.input_size, c.hidden_size, c.num_layers, bias=c.bias, batch_first=c.batch_first,
                                          bidirectional=c.bidirectional, **arguments, **more)  # fmt: skip
