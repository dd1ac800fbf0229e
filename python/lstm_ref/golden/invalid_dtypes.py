"""Types of numbers (spec/variants.md, section 9) that must be refused."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..bfloat16 import to_bfloat16
from ..config import CONFIGS, Config, LSTMConfig
from .bent import build, good_inputs, model_data, model_header

TYPED = {dtype: LSTMConfig(3, 2, dtype=dtype) for dtype in ("float32", "float64", "bfloat16")}


def models_of_dtypes() -> Iterator[tuple[str, str, bytes]]:
    """Values that dtype does not have, and tensors of another type than it says."""
    for n, value in enumerate(("float16", "F32", "Float64", "", 64, None, ["float64"], True)):
        yield f"dtype-value-{n}", "no value of dtype", build(model_header(dtype=value), model_data())
    gru = CONFIGS["gru"](3, 2)
    yield "dtype-value-gru", "no value of dtype", build(model_header(gru, dtype="double"), model_data(gru))
    yield "order-dtype-clip", "dtype goes last of the options", build(model_header(dtype="half", clip=-1), model_data())
    for said in TYPED:
        for held, base in TYPED.items():
            if said != held:
                yield f"dtype-{said}-of-{held}", f"tensors of {held}", _saying(said, base, model_header(base))
    for dtype, base in TYPED.items():
        for tensor in ("weight_hh_l0", "bias_hh_l0"):
            header = model_header(base)
            size = 2 if header[tensor]["dtype"] == "F32" else 4
            yield _bent(f"{dtype}-{tensor}", "as many bytes of another type", base, tensor, "F32" if size == 4 else "BF16")
    half = TYPED["bfloat16"]
    yield _bent("bfloat16-weight-ih-l0-size", "two bytes a number", half, "weight_ih_l0", "BF16", shape=[4, 3])
    yield _bent("dtype-f16", "IEEE half precision, which is no bfloat16", half, "weight_ih_l0", "F16")
    yield _bent("dtype-bfloat16-lower-case", "dtypes are upper case", half, "weight_ih_l0", "bf16")
    projected = LSTMConfig(3, 2, proj_size=1, peephole=True, dtype="bfloat16")
    yield _bent("bfloat16-weight-hr-l0", "a projection is a matrix, too", projected, "weight_hr_l0", "F32", stretched=True)
    yield _bent("bfloat16-weight-peephole-l0", "peepholes are no matrix", projected, "weight_peephole_l0", "BF16", stretched=True)
    yield "bfloat16-truncated", "ends within the data", build(model_header(half), model_data(half)[:-2])


def inputs_of_dtypes() -> Iterator[tuple[str, str, Config, dict[str, np.ndarray]]]:
    """Inputs of another type than the model computes in."""
    for said, base in TYPED.items():
        good = good_inputs(base)
        other = np.float32 if base.real is np.float64 else np.float64
        for name in good:
            changed = good | {name: good[name].astype(other)}
            yield f"{said}-{name.replace('_', '-')}-dtype", f"{name} of {np.dtype(other)}", base, changed
        yield f"{said}-x-bfloat16", "x is never bfloat16", base, good | {"x": to_bfloat16(good["x"].astype(np.float32))}
        lengths = np.array([4, 2], np.float64)
        yield f"{said}-lengths-dtype", "lengths that are no integers", base, good | {"lengths": lengths}


def _saying(dtype: str, base: Config, header: dict[str, Any]) -> bytes:
    config = {key: value for key, value in base.to_json().items() if key != "dtype"} | {"dtype": dtype}
    return build(header | {"__metadata__": {"lstm_ref": json.dumps(config)}}, model_data(base))


def _bent(id: str, comment: str, base: Config, tensor: str, dtype: str, *, shape: list[int] | None = None,
          stretched: bool = False) -> tuple[str, str, bytes]:  # fmt: skip
    """One tensor said to be of another type; stretched: with as many bytes as that needs, the others after it moved."""
    header, data = model_header(base), model_data(base)
    entry = header[tensor]
    begin, end = entry["data_offsets"]
    if stretched:
        size = (4 if dtype == "F32" else 2) * int(np.prod(entry["shape"]))
        moved = size - (end - begin)
        data = data[:begin] + bytes(size) + data[end:]
        for other in header.values():
            if other.get("data_offsets", [0])[0] >= end:
                other["data_offsets"] = [place + moved for place in other["data_offsets"]]
        entry["data_offsets"] = [begin, begin + size]
    entry["dtype"] = dtype
    if shape is not None:
        entry["shape"] = shape
    return id.replace("_", "-"), comment, build(header, data)
