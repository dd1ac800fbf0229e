"""Files that must be refused, each with its error word for word (spec/errors.md)."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import model_file
from ..errors import InvalidArgument
from .bent import CONFIG, build, good_inputs, model_data, model_header
from .invalid_dtypes import inputs_of_dtypes, models_of_dtypes
from .invalid_variants import inputs_of_variants, models_of_variants
from .manifest import InvalidCase

GOOD_MODEL, GOOD_INPUTS = "invalid/good.model.safetensors", "invalid/good.inputs.safetensors"


def invalid_cases() -> Iterator[tuple[InvalidCase, dict[str, bytes]]]:
    """Each case with the files it needs. The words are computed by the reference reader and pinned by the manifest."""
    for id, comment, data in (*_models(), *models_of_variants(), *models_of_dtypes()):
        name = f"invalid/{id}.model.safetensors"
        yield InvalidCase(id, comment, name, None, _refusal(data, None)), {name: data}
    batch_first = build(model_header(batch_first=True), model_data())
    for id, comment, model, data in (
        (
            "batch-first-x",
            "the axes are named in their order",
            batch_first,
            model_file.dump_tensors(good_inputs() | {"x": np.zeros((4, 2, 5), np.float32)}),
        ),
        (
            "batch-first-rank",
            "the axes are named in their order",
            batch_first,
            model_file.dump_tensors(good_inputs() | {"x": np.zeros(3, np.float32)}),
        ),
        (
            "batch-first-missing",
            "the axes are named in their order",
            batch_first,
            model_file.dump_tensors({"mask": np.zeros(3, np.float32)}),
        ),
        (
            "batch-first-lengths",
            "T is the second size of x",
            batch_first,
            model_file.dump_tensors({"x": np.zeros((2, 4, 3), np.float32), "lengths": np.array([4, 5])}),
        ),
        ("order-model-inputs", "the model goes before the inputs", b"", b"1234"),
    ):
        names = f"invalid/{id}.model.safetensors", f"invalid/{id}.inputs.safetensors"
        yield InvalidCase(id, comment, *names, _refusal(model, data)), dict(zip(names, (model, data), strict=True))
    for id, comment, base, inputs in (*inputs_of_variants(), *inputs_of_dtypes()):
        names = f"invalid/{id}.model.safetensors", f"invalid/{id}.inputs.safetensors"
        model, data = build(model_header(base), model_data(base)), model_file.dump_tensors(inputs)
        yield InvalidCase(id, comment, *names, _refusal(model, data), base.op), dict(zip(names, (model, data), strict=True))
    files = {GOOD_MODEL: build(model_header(), model_data()), GOOD_INPUTS: model_file.dump_tensors(good_inputs())}
    for id, comment, data in _all_inputs():
        name = f"invalid/{id}.inputs.safetensors"
        yield InvalidCase(id, comment, GOOD_MODEL, name, _refusal(files[GOOD_MODEL], data)), files | {name: data}
        files = {GOOD_MODEL: files[GOOD_MODEL], GOOD_INPUTS: files[GOOD_INPUTS]}


def _refusal(model: bytes, inputs: bytes | None) -> str:
    try:
        config, _ = model_file.read_model(model)
        if inputs is not None:
            model_file.read_inputs(inputs, config)
    except InvalidArgument as error:
        return str(error)
    raise AssertionError("an invalid case was accepted")


# The plain LSTM ------------------------------------------------------------------------------------------------------


def _models() -> Iterator[tuple[str, str, bytes]]:
    data = model_data()
    good = build(model_header(), data)
    text = json.dumps(model_header())

    def bent(tensor: str = "weight_hh_l0", **change: Any) -> bytes:
        header = model_header()
        header[tensor] = {key: value for key, value in (header[tensor] | change).items() if value is not None}
        return build(header, data)

    def configured(config_text: str) -> bytes:
        return build(model_header() | {"__metadata__": {"lstm_ref": config_text}}, data)

    # check 1
    yield "file-empty", "no bytes at all", b""
    yield "file-short", "shorter than the header length", good[:7]
    yield "file-truncated-header", "ends within the header", good[:100]
    yield "file-truncated-data", "ends within the data", good[:-1]
    yield "header-length-huge", "a header length of 2^64 - 1", b"\xff" * 8 + good[8:]
    yield "header-length-beyond", "a header length one byte beyond the file", struct.pack("<Q", len(good) - 7) + good[8:]
    # check 2
    yield "header-not-json", "not JSON", build(b'{"weight_ih_l0": ', data)
    yield "header-empty", "an empty header", build(b"", data)
    yield "header-array", "an array, not an object", build(b"[]", data)
    yield "header-space-first", "white space before the brace", build(b" " + text.encode(), data)
    yield "header-trailing", "something after the object", build(text.encode() + b"{}", data)
    yield "header-byte-order-mark", "a byte order mark", build(b"\xef\xbb\xbf" + text.encode(), data)
    yield (
        "header-not-utf8",
        "bytes that are not UTF-8",
        build(text.replace("F32", "F\x7f2", 1).encode().replace(b"\x7f", b"\xff"), data),
    )
    yield "header-nan", "NaN is not JSON", build(b'{"a": NaN}', data)
    yield "header-surrogate", "half of a surrogate pair", build(b'{"\\ud800": 1}', data)
    yield "header-control-character", "a raw line feed in a string", build(b'{"a\nb": 1}', data)
    yield "header-deep", "nested deeper than 16", build(b'{"a": ' + b"[" * 16 + b"]" * 16 + b"}", data)
    yield "header-very-deep", "nested very deeply", build(b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", data)
    yield "header-single-quotes", "JSON knows double quotes only", build(text.replace('"', "'").encode(), data)
    yield "header-trailing-comma", "a comma too many", build(text[:-1].encode() + b",}", data)
    yield "header-leading-zero", "01 is not a number in JSON", build(text.replace("[0, 96]", "[00, 96]").encode(), data)
    yield "header-null-after", "a zero byte after the object", build(text.encode() + b"\0", data)
    yield "header-overlong-utf8", "an overlong encoding", build(b'{"\xc0\xaf": 1}', data)
    yield "header-utf8-surrogate", "a surrogate in UTF-8", build(b'{"\xed\xa0\x80": 1}', data)
    yield "header-low-surrogate", "the low half alone", build(b'{"\\udc00": 1}', data)
    yield "header-high-not-low", "a high half before a character that is no low one", build(b'{"\\ud800\\u0041": 1}', data)
    yield (
        "header-surrogate-in-value",
        "half a pair in a string that nobody reads",
        build(b'{"__metadata__": {"note": "\\ud83d"}}', data),
    )
    yield "header-raw-tab", "a raw tab in a string", build(b'{"a\tb": 1}', data)
    yield "header-escape-unknown", "an escape that JSON does not have", build(b'{"\\x41": 1}', data)
    yield "header-escape-hex", "an escape that is no hexadecimal number", build(b'{"\\u00g0": 1}', data)
    yield "header-vertical-tab", "white space that JSON does not have", build(b'{\x0b"a": 1}', data)
    yield "header-no-break-space", "the same in Unicode", build('{\u00a0"a": 1}'.encode(), data)
    yield "header-number-point", "no digits after the point", build(b'{"a": 1.}', data)
    yield "header-number-exponent", "no digits in the exponent", build(b'{"a": 1e}', data)
    yield "header-number-plus", "a plus sign", build(b'{"a": +1}', data)
    yield "header-number-hex", "a hexadecimal number", build(b'{"a": 0x10}', data)
    yield "header-array-comma", "a comma before the bracket", build(b'{"a": [1, ]}', data)
    yield "header-infinity", "Infinity is not JSON", build(b'{"a": -Infinity}', data)
    yield "header-deep-objects", "objects nested deeper than 16", build(b'{"a": ' * 17 + b"1" + b"}" * 17, data)
    yield "header-duplicate-and-broken", "a syntax error goes before anything else", build(b'{"a": 1, "a": 2, }', data)
    # check 3
    yield "entry-deep", "nested 16 deep is valid JSON, but no tensor", build(b'{"a": ' + b"[" * 15 + b"]" * 15 + b"}", data)
    yield "order-entries", "the first bad entry is the one reported", build({"b": 1, "a": 2} | model_header(), data)
    yield "order-duplicate-later", "a bad entry before a repeated name", build(b'{"a": 1, "b": 2, "a": 3}', data)
    yield (
        "order-duplicate-earlier",
        "a repeated name before a bad entry",
        build(f'{text[:-1]}, {_entry("bias_hh_l0")}, "z": 1}}'.encode(), data),
    )
    yield "order-metadata-first", "metadata in its place: before a bad entry", build({"__metadata__": 1, "a": 1}, data)
    yield "order-metadata-last", "metadata in its place: after a bad entry", build({"a": 1, "__metadata__": 1}, data)
    yield "order-shape-dtype", "a malformed shape goes before an unknown dtype", bent(shape="8x2", dtype="F31")
    yield "order-dtype-size", "an unknown dtype goes before a size that overflows", bent(shape=[2**40, 2**40], dtype="F31")
    yield "order-size-offsets", "a size that overflows goes before offsets", bent(shape=[2**40, 2**40], data_offsets=[9, 1])
    yield "order-offsets-size", "offsets out of range go before the size they hold", bent(shape=[9, 9], data_offsets=[9, 1])
    yield "shape-exponent", "1e0 is not an integer here", build(text.replace('"shape": [8]', '"shape": [8e0]', 1).encode(), data)
    yield "offsets-fraction", "fractional offsets", bent(data_offsets=[96.0, 160])
    yield "offsets-negative", "a negative offset", bent(data_offsets=[-4, 60])
    yield "shape-overflow-before-zero", "a zero first: the other dimensions still count", bent(shape=[0, 2**40, 2**40])
    yield "name-odd-characters", "a name with quotes and a line feed is written as it is", build({'a"\n\u00e9': 1}, data)
    repeated = '"bias_hh_l0": {"dtype": "F32", "shape": [8], "data_offsets": [192, 224]}'
    yield "tensor-duplicate", "a tensor's name twice", build(f"{text[:-1]}, {repeated}}}".encode(), data)
    yield "metadata-duplicate", "__metadata__ twice", build(text[:-1].encode() + b', "__metadata__": {}}', data)
    yield (
        "metadata-not-strings",
        "metadata that is not strings",
        build(model_header() | {"__metadata__": {"lstm_ref": {"op": "lstm"}}}, data),
    )
    yield "metadata-not-object", "metadata that is a string", build(model_header() | {"__metadata__": "lstm"}, data)
    yield (
        "metadata-key-duplicate",
        "a metadata key twice",
        build(text.replace('"__metadata__": {', '"__metadata__": {"a": "1", "a": "2", ').encode(), data),
    )
    yield "entry-not-object", "a tensor described by a number", build(model_header() | {"weight_hh_l0": 3}, data)
    yield "entry-no-dtype", "no dtype", bent(dtype=None)
    yield "entry-extra-key", "a key too many", bent(strides=[1])
    yield "entry-dtype-number", "a dtype that is a number", bent(dtype=32)
    yield "entry-shape-object", "an empty object is no array", build(text.replace("[8, 2]", "{}", 1).encode(), data)
    yield "entry-shape-rank", "nine dimensions", bent(shape=[8, 2, 1, 1, 1, 1, 1, 1, 1])
    yield "entry-shape-many", "very many huge dimensions", bent(shape=[2**53 - 1] * 10_000)
    yield "name-null", "U+0000 in a name is written as it is", build({"F32\0x": 1}, data)
    yield "entry-shape-negative", "a negative dimension", bent(shape=[-8, 2])
    yield "entry-shape-fraction", "a fractional dimension", bent(shape=[8.0, 2])
    yield "entry-shape-string", "a shape that is a string", bent(shape="8x2")
    yield "entry-shape-huge-number", "a dimension beyond 2^53", bent(shape=[2**53, 2])
    yield "entry-offsets-three", "three offsets", bent(data_offsets=[96, 128, 160])
    yield (
        "entry-key-duplicate",
        "a key twice in one entry",
        build(text.replace('"dtype": "F32"', '"dtype": "F32", "dtype": "F32"', 1).encode(), data),
    )
    yield "dtype-unknown", "a dtype that is none", bent(dtype="F31")
    yield "dtype-f64", "float64 weights", bent(dtype="F64")
    yield "dtype-lower-case", "dtypes are upper case", bent(dtype="f32")
    yield "shape-overflow", "a shape whose product overflows 64 bits", bent(shape=[2**32, 2**32])
    yield "shape-overflow-wraps", "a shape whose product wraps to the right size", bent(shape=[2**31, 2**31, 4, 1])
    yield "shape-overflow-bytes", "2^61 elements of 4 bytes", bent(shape=[2**31, 2**30])
    yield "shape-overflow-zero", "a huge shape that a zero makes empty", bent(shape=[2**40, 2**40, 0])
    yield "offsets-reversed", "end before begin", bent(data_offsets=[160, 96])
    yield "offsets-beyond", "end beyond the data", bent("bias_hh_l0", data_offsets=[192, 228])
    yield "offsets-far-beyond", "offsets near 2^53", bent(data_offsets=[2**53 - 65, 2**53 - 1])
    yield "offsets-size", "more bytes than the shape needs", bent(data_offsets=[96, 164])
    yield "shape-too-small", "a shape smaller than its bytes", bent(shape=[8, 1])
    # check 4
    yield "offsets-overlap", "two tensors share bytes", bent("bias_hh_l0", data_offsets=[160, 192])
    yield "offsets-gap", "bytes that belong to none", build(_gap_header(), data + bytes(4))
    yield "data-trailing", "bytes after the last tensor", good + b"\0\0\0\0"
    yield "data-none", "no tensors, but data", build({"__metadata__": {}}, data)
    yield "offsets-first-gap", "the first tensor does not begin at 0", build(_shifted_header(4), bytes(4) + data)
    yield (
        "order-overlap-trailing",
        "an overlap goes before trailing bytes",
        bent("bias_hh_l0", data_offsets=[160, 192])[:] + bytes(4),
    )
    # check 5
    yield "metadata-missing", "no metadata", build({k: v for k, v in model_header().items() if k != "__metadata__"}, data)
    yield "metadata-other", "metadata of something else", build(model_header() | {"__metadata__": {"format": "pt"}}, data)
    yield "config-not-json", "a configuration that is not JSON", configured("hidden_size=2")
    yield "config-array", "a configuration that is an array", configured("[]")
    yield "config-empty-text", "no JSON at all", configured("")
    yield "config-trailing", "something after the configuration", configured(json.dumps(CONFIG.to_json()) + "{}")
    yield "config-byte-order-mark", "a byte order mark", configured("\ufeff" + json.dumps(CONFIG.to_json()))
    yield "config-nan", "NaN is not JSON", configured('{"hidden_size": NaN}')
    yield "config-deep", "nested deeper than 16", configured('{"op": ' + "[" * 16 + "]" * 16 + "}")
    # check 6
    yield (
        "order-config-duplicate-unknown",
        "in the order written: repeated, then unknown",
        configured('{"op": "lstm", "op": "lstm", "learning_rate": 0}'),
    )
    yield (
        "order-config-unknown-duplicate",
        "in the order written: unknown, then repeated",
        configured('{"op": "lstm", "learning_rate": 0, "op": "lstm"}'),
    )
    yield (
        "order-config-unknown-value",
        "an unknown key goes before a bad value",
        configured('{"hidden_size": 0, "learning_rate": 0}'),
    )
    yield (
        "order-config-table",
        "keys in the order of the table",
        configured(json.dumps(dict(reversed((CONFIG.to_json() | {"op": 1, "bias": 1}).items())))),
    )
    yield (
        "order-config-missing-value",
        "a missing key goes before a later bad one",
        configured('{"format_version": 1, "op": "lstm", "hidden_size": 0}'),
    )
    yield (
        "config-hidden-exponent",
        "2e0 is not an integer here",
        configured(json.dumps(CONFIG.to_json()).replace('"hidden_size": 2', '"hidden_size": 2e0')),
    )
    yield (
        "config-hidden-minus-zero",
        "-0 is the integer 0",
        configured(json.dumps(CONFIG.to_json()).replace('"hidden_size": 2', '"hidden_size": -0')),
    )
    yield (
        "config-string-quotes",
        "a string is written with its characters as they are",
        build(model_header(op='ls"\ntm\u00e9'), data),
    )
    yield (
        "config-duplicate",
        "a key of the configuration twice",
        configured(json.dumps(CONFIG.to_json())[:-1] + ', "bias": true}'),
    )
    yield "config-unknown-key", "a key that nobody would honour", configured(json.dumps(CONFIG.to_json() | {"learning_rate": 0}))
    yield (
        "config-missing-key",
        "no hidden_size",
        configured(json.dumps({k: v for k, v in CONFIG.to_json().items() if k != "hidden_size"})),
    )
    yield "config-empty", "an empty configuration", configured("{}")
    yield "config-version", "a later format", build(model_header(format_version=2), data)
    yield "config-version-string", "a version that is a string", build(model_header(format_version="1"), data)
    yield "config-version-fraction", "1.0 is not an integer here", build(model_header(format_version=1.0), data)
    yield "config-op", "another operation", build(model_header(op="transformer"), data)
    yield "config-op-number", "an operation that is a number", build(model_header(op=1), data)
    yield "config-hidden-zero", "zero hidden units", build(model_header(hidden_size=0), data)
    yield "config-hidden-negative", "negative", build(model_header(hidden_size=-2), data)
    yield "config-hidden-huge", "beyond the limit", build(model_header(hidden_size=2**24 + 1), data)
    yield "config-hidden-beyond-integer", "beyond 2^53", build(model_header(hidden_size=2**60), data)
    yield "config-hidden-string", "a string", build(model_header(hidden_size="2"), data)
    yield "config-hidden-boolean", "true is not 1", build(model_header(hidden_size=True), data)
    yield "config-input-null", "null", build(model_header(input_size=None), data)
    yield "config-layers-array", "an array", build(model_header(num_layers=[1]), data)
    yield "config-bias-number", "1 is not true", build(model_header(bias=1), data)
    yield "config-bidirectional-object", "an object", build(model_header(bidirectional={}), data)
    # check 7
    yield "tensor-missing", "no recurrent weights", build(*_without("weight_hh_l0"))
    yield "tensor-missing-bias", "bias is true, one is missing", build(*_without("bias_hh_l0"))
    yield "tensor-missing-layer", "two layers declared, one there", build(model_header(num_layers=2), data)
    yield "tensor-missing-reverse", "bidirectional, but no reverse weights", build(model_header(bidirectional=True), data)
    yield "tensor-many-layers", "a configuration far larger than the file", build(model_header(num_layers=2**24), data)
    yield "tensor-many-units", "hidden_size far larger than the file", build(model_header(hidden_size=2**24), data)
    yield "tensor-dtype", "weights that are integers", bent("weight_ih_l0", dtype="I64", shape=[4, 3])
    yield "tensor-shape", "a wrong first dimension", bent("weight_ih_l0", shape=[6, 4])
    yield "tensor-shape-transposed", "transposed", bent("weight_ih_l0", shape=[3, 8])
    yield "tensor-shape-rank", "flat", bent("weight_hh_l0", shape=[16])
    yield "tensor-shape-scalar", "a bias of the right size and rank 2", bent("bias_ih_l0", shape=[8, 1])
    yield (
        "order-tensor-missing",
        "the first missing tensor, in canonical order",
        build(model_header(num_layers=2, bidirectional=True), data),
    )
    yield (
        "order-tensor-shape-missing",
        "a wrong shape goes before a later missing tensor",
        build(*_without("bias_hh_l0", weight_ih_l0=[6, 4])),
    )
    yield (
        "order-tensor-missing-shape",
        "a missing tensor goes before a later wrong shape",
        build(*_without("weight_ih_l0", bias_hh_l0=[2, 4])),
    )
    yield "order-tensor-dtype-shape", "a wrong dtype goes before a wrong shape", bent("weight_ih_l0", dtype="I64", shape=[12])
    yield "order-tensor-extra", "a wrong shape goes before an unexpected tensor", build(*_with("a", [1], bias_hh_l0=[2, 4]))
    # check 8
    yield "tensor-unexpected", "a projection that would be ignored", build(*_with("weight_hr_l0", [1, 2]))
    yield "tensor-unexpected-bias", "bias is false, but biases are there", build(model_header(bias=False), data)


def _entry(name: str) -> str:
    return f"{json.dumps(name)}: {json.dumps(model_header()[name])}"


def _gap_header() -> dict[str, Any]:
    header = model_header()
    header["bias_hh_l0"]["data_offsets"] = [196, 228]
    return header


def _shifted_header(by: int) -> dict[str, Any]:
    header = model_header()
    for name in CONFIG.expected_tensors():
        header[name]["data_offsets"] = [offset + by for offset in header[name]["data_offsets"]]
    return header


def _without(name: str, **shapes: list[int]) -> tuple[dict[str, Any], bytes]:
    """The good model less one tensor, the rest moved together; some with other shapes of the same size."""
    header, data = model_header(), model_data()
    begin, end = header.pop(name)["data_offsets"]
    for key, entry in header.items():
        if key != "__metadata__" and entry["data_offsets"][0] >= end:
            entry["data_offsets"] = [offset - (end - begin) for offset in entry["data_offsets"]]
    for key, shape in shapes.items():
        header[key]["shape"] = shape
    return header, data[:begin] + data[end:]


def _with(name: str, shape: list[int], **shapes: list[int]) -> tuple[dict[str, Any], bytes]:
    """The good model and one more tensor."""
    header, data = model_header(), model_data()
    extra = bytes(4 * int(np.prod(shape)))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(extra)]}
    for key, other in shapes.items():
        header[key]["shape"] = other
    return header, data + extra


def _all_inputs() -> Iterator[tuple[str, str, bytes]]:
    def changed(**tensors: np.ndarray | None) -> bytes:
        return model_file.dump_tensors({name: value for name, value in (good_inputs() | tensors).items() if value is not None})

    def lengths(*values: int) -> bytes:
        return changed(lengths=np.array(values, np.int64))

    f32 = np.float32
    yield "inputs-empty", "no bytes at all", b""
    yield "inputs-truncated", "ends within the data", changed()[:-4]
    yield "x-missing", "no x", changed(x=None)
    yield "x-dtype", "x of integers", changed(x=np.zeros((4, 2, 3), np.int64))
    yield "x-rank", "an unbatched x", changed(x=np.zeros((4, 3), f32))
    yield "x-rank-four", "rank 4", changed(x=np.zeros((1, 4, 2, 3), f32))
    yield "x-features", "another number of features", changed(x=np.zeros((4, 2, 5), f32))
    yield "h-0-missing", "c_0 without h_0", changed(h_0=None)
    yield "c-0-missing", "h_0 without c_0", changed(c_0=None)
    yield "h-0-batch", "a state of another batch", changed(h_0=np.zeros((1, 3, 2), f32))
    yield "h-0-rank", "a state of rank 2", changed(h_0=np.zeros((2, 2), f32))
    yield "c-0-hidden", "a state of another hidden_size", changed(c_0=np.zeros((1, 2, 4), f32))
    yield "c-0-layers", "states of two layers", changed(c_0=np.zeros((2, 2, 2), f32))
    yield "c-0-dtype", "a state of integers", changed(c_0=np.zeros((1, 2, 2), np.int64))
    yield "lengths-dtype", "lengths that are no integers", changed(lengths=np.array([4, 2], f32))
    yield "lengths-shape", "a length too many", lengths(4, 2, 1)
    yield "lengths-rank", "lengths of rank 2", changed(lengths=np.array([[4, 2]], np.int64))
    yield "lengths-too-long", "longer than T", lengths(4, 5)
    yield "lengths-negative", "negative", lengths(-1, 4)
    yield "lengths-huge", "the largest int64", lengths(2**63 - 1, 4)
    yield "inputs-unexpected", "a mask that would be ignored", changed(mask=np.ones((4, 2), f32))
    yield "order-x-dtype-rank", "the dtype of x goes before its rank", changed(x=np.zeros((4, 3), np.int64))
    yield "order-x-states", "x goes before the states", changed(x=np.zeros((4, 2, 5), f32), h_0=None)
    yield "order-states", "all of h_0 goes before c_0", changed(h_0=np.zeros((1, 3, 2), f32), c_0=np.zeros((1, 2, 2), np.int64))
    yield (
        "order-states-lengths",
        "states go before lengths",
        changed(c_0=np.zeros((1, 3, 2), f32), lengths=np.array([4], np.int64)),
    )
    yield "order-lengths", "the first bad length", lengths(9, -1)
    yield (
        "order-lengths-unexpected",
        "lengths go before an unexpected tensor",
        changed(lengths=np.array([9, 9], np.int64), mask=np.ones(2, f32)),
    )
    yield "lengths-beyond-float64", "2^53 + 1, which float64 cannot tell from 2^53", lengths(4, 2**53 + 1)
    yield "memory-rows", "an x without elements claims 2^40 rows", changed(x=np.zeros((0, 2**40, 3), f32), h_0=None, c_0=None)
    yield "order-memory-states", "states go before memory", changed(x=np.zeros((0, 2**40, 3), f32))
    yield (
        "order-memory-unexpected",
        "an unexpected tensor goes before memory",
        changed(x=np.zeros((0, 2**40, 3), f32), h_0=None, c_0=None, mask=np.ones(1, f32)),
    )
