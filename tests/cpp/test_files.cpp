// Model, inputs and outputs files: every check of spec/model-file.md with its exact words, round trips, and a few thousand
// mutations.
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "files/file_io.hpp"
#include "files/json.hpp"
#include "files/safetensors.hpp"
#include "lstm_ref/bfloat16.hpp"
#include "lstm_ref/model.hpp"

namespace {

using namespace lstm_ref;

std::string little_endian(std::uint64_t value, int bytes = 8) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> 8 * i & 0xff));
  return text;
}

// A file with this header and that many bytes of data.
std::string file(const std::string& header, std::size_t data_size) {
  return little_endian(header.size()) + header + std::string(data_size, '\0');
}

std::string entry(const std::string& name, const std::string& shape, int begin, int end, const std::string& dtype = "F32") {
  return json::quote(name) + ":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) +
         "," + std::to_string(end) + "]}";
}

const std::string kConfigText = R"({"format_version": 1, "op": "lstm", "input_size": 3, "hidden_size": 2, "num_layers": 1, )"
                                R"("bias": true, "batch_first": false, "bidirectional": false})";
const std::string kTensors = entry("weight_ih_l0", "[8,3]", 0, 96) + "," + entry("weight_hh_l0", "[8,2]", 96, 160) + "," +
                             entry("bias_ih_l0", "[8]", 160, 192) + "," + entry("bias_hh_l0", "[8]", 192, 224);

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("not in the text: " + from);
  return text.replace(at, from.size(), to);
}

std::string metadata(const std::string& config) { return "\"__metadata__\":{\"lstm_ref\":" + json::quote(config) + "}"; }
std::string model_file(const std::string& config, const std::string& tensors = kTensors, std::size_t data_size = 224) {
  return file("{" + metadata(config) + "," + tensors + "}", data_size);
}

void test_json() {
  const auto valid = [](std::string_view text) { return json::Value::parse(text).has_value(); };
  for (const char* text :
       {"{}", " [ ] ", "[1,2]", "{\"a\":{}}", "0", "-0", "1.5e+3", "1E-2", "\"\"", "\"\\u00e9\\ud834\\udd1e\\/\\b\"", "true",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\"", "\t\r\n null \n", "\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\""}) {
    check::report(valid(text), __FILE__, __LINE__, std::string("valid JSON refused: ") + text);
  }
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "[,1]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "01",
                           "+1",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "nul",
                           "tru",
                           "True",
                           "[1 2]",
                           "{} {}",
                           "{}x",
                           "\"",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud834\"",
                           "\"\\ud834x\"",
                           "\"\\ud834\\u0041\"",
                           "\"\\udd1e\"",
                           "\"\t\"",
                           "\"\n\"",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xc3\"",
                           "\"\xe0\x80\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xf8\x88\x80\x80\x80\"",
                           "\"\x80\"",
                           "{\"\\ud800\":1}",
                           "[1,2"}) {
    check::report(!valid(text), __FILE__, __LINE__, std::string("invalid JSON accepted: ") + text);
  }
  CHECK(!valid(std::string_view("\"\0\"", 3)));
  CHECK(!valid(std::string_view("{}\0", 3)));
  CHECK(valid(std::string(16, '[') + std::string(16, ']')));
  CHECK(!valid(std::string(17, '[') + std::string(17, ']')));
  CHECK(!valid(std::string(1000000, '[')));

  const std::string text = R"( { "b" : [ 1 , "x" , null ] , "a" : 2 , "b" : { } , "\u0061" : -3 } )";
  const auto members = json::Value::parse(text)->members();
  CHECK_EQ(members.size(), 4u);
  CHECK_EQ(members[0].key + members[1].key + members[2].key + members[3].key, std::string("baba"));
  CHECK_EQ(members[0].value.elements().size(), 3u);
  CHECK_EQ(members[0].value.elements()[1].string(), std::string("x"));
  CHECK_EQ(members[2].value.members().size(), 0u);
  CHECK_EQ(*members[3].value.integer(), -3);

  const auto integer = [](std::string_view number) { return json::Value::parse(number)->integer(); };
  CHECK_EQ(integer("9007199254740991").value_or(0), 9007199254740991);
  CHECK_EQ(integer("-9007199254740991").value_or(0), -9007199254740991);
  CHECK_EQ(integer("-0").value_or(1), 0);
  for (const char* number : {"9007199254740992", "-9007199254740992", "99999999999999999999999999", "1.0", "1e0", "\"1\""})
    CHECK(!integer(number));

  CHECK_EQ(json::quote("a\"\\\n\x01\xc3\xa9"), std::string("\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\""));
  const std::string escaped = R"("\"\\\/\b\f\n\r\t\u00e9\u20ac\ud834\udd1e\u0000")";
  CHECK_EQ(json::Value::parse(escaped)->string(), std::string("\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\0", 18));
}

void test_container() {
  const auto parse = [](const std::string& bytes) { return safetensors::parse(bytes); };
  const auto with = [&](const std::string& members, std::size_t data_size) {
    return parse(file("{" + members + "}", data_size));
  };

  CHECK_EQ(parse(file("{}", 0)).tensors.size(), 0u);
  CHECK_EQ(parse(file("{} \n\t ", 0)).tensors.size(), 0u);
  CHECK_EQ(with(entry("b", "[]", 4, 8) + "," + entry("a", "[1]", 0, 4) + "," + entry("e", "[0,5]", 4, 4), 8).tensors[0].name,
           std::string("b"));
  CHECK_EQ(with("\"__metadata__\":{\"k\":\"v\"}", 0).metadata[0].second, std::string("v"));

  // check 1
  CHECK_THROWS(parse(""), "file: 0 bytes, want at least 8 (the header length)");
  CHECK_THROWS(parse("1234567"), "file: 7 bytes, want at least 8 (the header length)");
  CHECK_THROWS(parse(little_endian(3) + "{}"), "header: length 3, want at most 2 (bytes after the first 8)");
  CHECK_THROWS(parse(little_endian(~std::uint64_t{0}) + "{}"),
               "header: length 18446744073709551615, want at most 2 (bytes after the first 8)");
  CHECK_THROWS(parse(little_endian(100000001) + std::string(100000002, ' ')),
               "header: length 100000001, want at most 100000000 (bytes after the first 8)");
  // check 2
  const char* not_an_object = "header: invalid JSON, want a JSON object";
  for (const char* header : {"", " {}", "[]", "1", "null", "{", "{}}", "{\"a\":NaN}", "\xef\xbb\xbf{}", "{\"\xff\":1}",
                             "{\"a\":1,}", "{\"\\ud800\":1}"}) {
    CHECK_THROWS(parse(file(header, 0)), not_an_object);
  }
  const auto nested = [](int arrays) { return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}"; };
  CHECK_THROWS(parse(file(nested(15), 0)), "a: malformed entry, want dtype, shape and data_offsets");
  CHECK_THROWS(parse(file(nested(16), 0)), not_an_object);
  // check 3
  const std::string a = entry("a", "[1]", 0, 4);
  CHECK_THROWS(with(a + "," + a, 4), "a: duplicate tensor, want one");
  CHECK_THROWS(with(a + "," + replaced(a, "\"a\"", "\"\\u0061\""), 4), "a: duplicate tensor, want one");
  CHECK_THROWS(with(R"("__metadata__":{},"__metadata__":{})", 0), "__metadata__: duplicate key, want one");
  for (const char* value : {"null", "[]", "{\"k\":1}", "{\"k\":{}}", R"({"k":"v","k":"v"})"}) {
    CHECK_THROWS(with("\"__metadata__\":" + std::string(value), 0), "__metadata__: malformed, want an object of strings");
  }
  for (const char* value :
       {"null", "[]", "{}", R"({"dtype":"F32","shape":[1]})", R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":0})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"shape":[1]})", R"({"dtype":1,"shape":[1],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})", R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})", R"({"dtype":"F32","shape":[1e0],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]})", R"({"dtype":"F32","shape":[1],"data_offsets":[0]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,4]})", R"({"dtype":"F32","shape":[1],"data_offsets":[-1,3]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":{}})"}) {
    CHECK_THROWS(with("\"a\":" + std::string(value), 4), "a: malformed entry, want dtype, shape and data_offsets");
  }
  CHECK_THROWS(with(entry("a", "[1]", 0, 2, "F16"), 2), "a: dtype F16, want BF16, F32, F64 or I64");
  CHECK_THROWS(with(entry("a", "[1]", 0, 4, "f32"), 4), "a: dtype f32, want BF16, F32, F64 or I64");
  CHECK_THROWS(with(entry("a", "[4503599627370496,512]", 0, 4), 4),
               "a: shape (4503599627370496, 512), want a size in bytes below 2^63");
  CHECK_THROWS(with(entry("a", "[4294967296,4294967296]", 0, 0), 0),
               "a: shape (4294967296, 4294967296), want a size in bytes below 2^63");
  CHECK_THROWS(with(entry("a", "[4294967296,0,4294967296]", 0, 0), 0),
               "a: shape (4294967296, 0, 4294967296), want a size in bytes below 2^63");
  CHECK_THROWS(with(entry("a", "[1]", 4, 0), 4), "a: data_offsets [4, 0], want 0 <= begin <= end <= 4");
  CHECK_THROWS(with(entry("a", "[2]", 0, 8), 4), "a: data_offsets [0, 8], want 0 <= begin <= end <= 4");
  CHECK_THROWS(with(entry("a", "[2]", 0, 4), 4), "a: data_offsets [0, 4], want 8 bytes for shape (2,) of F32");
  CHECK_THROWS(with(entry("a", "[]", 0, 4, "I64"), 4), "a: data_offsets [0, 4], want 8 bytes for shape () of I64");
  CHECK_THROWS(with(entry("a", "[1]", 0, 8) + ",\"b\":0", 8), "a: data_offsets [0, 8], want 4 bytes for shape (1,) of F32");
  // check 4
  CHECK_THROWS(with(entry("a", "[1]", 4, 8), 8), "a: data_offsets [4, 8], want begin = 0 (no gap, no overlap)");
  CHECK_THROWS(with(entry("b", "[1]", 8, 12) + "," + a, 12), "b: data_offsets [8, 12], want begin = 4 (no gap, no overlap)");
  CHECK_THROWS(with(entry("b", "[2]", 0, 8) + "," + a, 8), "b: data_offsets [0, 8], want begin = 4 (no gap, no overlap)");
  CHECK_THROWS(with(a + "," + entry("e", "[0]", 2, 2), 4), "e: data_offsets [2, 2], want begin = 4 (no gap, no overlap)");
  CHECK_THROWS(with(a, 7), "file: 3 bytes after the last tensor, want 0");
  CHECK_THROWS(with("", 1), "file: 1 bytes after the last tensor, want 0");
}

void test_model() {
  const auto parse = [](const std::string& bytes) { return Model::parse(bytes); };
  const auto with = [&](const std::string& from, const std::string& to) {
    return parse(model_file(replaced(kConfigText, from, to)));
  };
  const Model good = parse(model_file(kConfigText));
  CHECK_EQ(good.config.input_size, 3);
  CHECK_EQ(good.tensors.size(), 4u);
  CHECK_EQ(good.tensors[1].name, std::string("weight_hh_l0"));
  CHECK_EQ(parse(model_file(" \n" + kConfigText + " ")).config.hidden_size, 2);

  // check 5
  CHECK_THROWS(parse(file("{" + kTensors + "}", 224)), "__metadata__: no key lstm_ref, want the configuration under that key");
  CHECK_THROWS(parse(file("{\"__metadata__\":{\"format\":\"pt\"}," + kTensors + "}", 224)),
               "__metadata__: no key lstm_ref, want the configuration under that key");
  for (const char* config : {"", "[]", "null", "{", "{\"a\":NaN}"})
    CHECK_THROWS(parse(model_file(config)), "config: invalid JSON, want a JSON object");
  // check 6
  CHECK_THROWS(with("\"op\"", "\"bias\": true, \"op\""), "config.bias: duplicate key, want one");
  CHECK_THROWS(with("\"op\"", "\"momentum\": 0, \"op\""),
               "config.momentum: unexpected key, want only format_version, op, input_size, hidden_size, num_layers, bias, "
               "batch_first, bidirectional, proj_size, peephole, input_forget, reset_after, clip, gate_activation, "
               "candidate_activation, output_activation, layer_norm, cell_norm, hidden_norm, norm_epsilon, recurrent_dropout, "
               "candidate_dropout, zoneout_h, zoneout_c, dropout, dtype");
  CHECK_THROWS(parse(model_file("{}")), "config.format_version: missing, want 1");
  CHECK_THROWS(with("\"format_version\": 1", "\"format_version\": 2"), "config.format_version: 2, want 1");
  CHECK_THROWS(with("\"format_version\": 1", "\"format_version\": \"1\""), "config.format_version: \"1\", want 1");
  const std::string ops = "\"lstm\", \"gru\" or \"rnn\"";
  CHECK_THROWS(with("\"op\": \"lstm\", ", ""), "config.op: missing, want " + ops);
  CHECK_THROWS(with("\"lstm\"", "\"mlp\""), "config.op: \"mlp\", want " + ops);
  CHECK_THROWS(with("\"lstm\"", "7"), "config.op: 7, want " + ops);
  const std::string size = ", want an integer from 1 to 16777216";
  using Pair = std::pair<std::string, std::string>;  // a value as written, and as shown
  for (const Pair& given :
       {Pair{"0", "0"}, Pair{"-0", "0"}, Pair{"-1", "-1"}, Pair{"16777217", "16777217"}, Pair{"3.0", "a number"},
        Pair{"3e0", "a number"}, Pair{"99999999999999999999", "a number"}, Pair{"true", "true"}, Pair{"null", "null"},
        Pair{"\"3\"", "\"3\""}, Pair{"[3]", "an array"}, Pair{"{}", "an object"}}) {
    CHECK_THROWS(with("\"input_size\": 3", "\"input_size\": " + given.first), "config.input_size: " + given.second + size);
  }
  CHECK_THROWS(with(", \"hidden_size\": 2", ""), "config.hidden_size: missing" + size);
  CHECK_THROWS(with("\"num_layers\": 1", "\"num_layers\": 0"), "config.num_layers: 0" + size);
  CHECK_THROWS(with("\"bias\": true", "\"bias\": 1"), "config.bias: 1, want true or false");
  CHECK_THROWS(with(", \"bidirectional\": false", ""), "config.bidirectional: missing, want true or false");
  CHECK_THROWS(with("\"batch_first\": false", "\"batch_first\": \"no\""), "config.batch_first: \"no\", want true or false");
  // check 7
  const auto tensors = [&](const std::string& from, const std::string& to) {
    return parse(model_file(kConfigText, replaced(kTensors, from, to)));
  };
  CHECK_THROWS(tensors("weight_hh_l0", "weight_xx_l0"), "weight_hh_l0: missing, want (4*H, H) = (8, 2)");
  CHECK_THROWS(tensors("[8,3]", "[3,8]"), "weight_ih_l0: shape (3, 8), want (4*H, I) = (8, 3)");
  CHECK_THROWS(tensors("[8,2]", "[16]"), "weight_hh_l0: shape (16,), want (4*H, H) = (8, 2)");
  CHECK_THROWS(tensors(entry("bias_ih_l0", "[8]", 160, 192), entry("bias_ih_l0", "[4]", 160, 192, "I64")),
               "bias_ih_l0: dtype I64, want F32");
  CHECK_THROWS(tensors("bias_hh_l0", "bias"), "bias_hh_l0: missing, want (4*H,) = (8,)");
  CHECK_THROWS(with("\"num_layers\": 1", "\"num_layers\": 16777216"), "weight_ih_l1: missing, want (4*H, D*H) = (8, 2)");
  CHECK_THROWS(with("\"bidirectional\": false", "\"bidirectional\": true"),
               "weight_ih_l0_reverse: missing, want (4*H, I) = (8, 3)");
  CHECK_THROWS(with("\"hidden_size\": 2", "\"hidden_size\": 16777216"),
               "weight_ih_l0: shape (8, 3), want (4*H, I) = (67108864, 3)");
  // check 8
  CHECK_THROWS(
      parse(model_file(kConfigText, entry("z", "[1]", 224, 228) + "," + kTensors + "," + entry("a", "[1]", 228, 232), 232)),
      "z: unexpected tensor, want only the tensors of the configuration");
  CHECK_THROWS(with("\"bias\": true", "\"bias\": false"),
               "bias_ih_l0: unexpected tensor, want only the tensors of the configuration");
}

std::string inputs_file(const std::string& tensors, const std::vector<std::int64_t>& lengths, std::size_t floats) {
  std::string data(4 * floats, '\0');
  for (const std::int64_t n : lengths) data += little_endian(static_cast<std::uint64_t>(n));
  const std::string header = "{" + tensors + "}";
  return little_endian(header.size()) + header + data;
}

void test_inputs() {
  Config config;  // L*D = 2, I = 3, H = 2
  config.input_size = 3, config.hidden_size = 2, config.bidirectional = true;
  const auto parse = [&](const std::string& tensors, std::size_t floats, const std::vector<std::int64_t>& lengths = {}) {
    return InputsFile::parse(inputs_file(tensors, lengths, floats), config);
  };
  const std::string x = entry("x", "[5,4,3]", 0, 240), h_0 = entry("h_0", "[2,4,2]", 240, 304),
                    c_0 = entry("c_0", "[2,4,2]", 304, 368);
  const std::string lengths = entry("lengths", "[4]", 240, 272, "I64");

  const InputsFile inputs = parse(x + "," + lengths, 60, {5, 0, 3, 1});
  CHECK_EQ(inputs.T, 5);
  CHECK_EQ(inputs.B, 4);
  CHECK_EQ(inputs.x.size(), 60u);
  CHECK_EQ(inputs.lengths[2], 3);
  CHECK(inputs.h_0.empty() && inputs.c_0.empty());
  CHECK_EQ(parse(x + "," + h_0 + "," + c_0, 92).c_0.size(), 16u);
  CHECK_EQ(parse(entry("x", "[0,4,3]", 0, 0), 0).B, 4);
  CHECK_EQ(parse(entry("x", "[5,0,3]", 0, 0) + "," + entry("lengths", "[0]", 0, 0, "I64"), 0).T, 5);

  // check 9
  CHECK_THROWS(parse("", 0), "x: missing, want (T, B, I) with I = 3");
  CHECK_THROWS(parse(entry("x", "[5,4,3]", 0, 480, "I64"), 120), "x: dtype I64, want F32");
  CHECK_THROWS(parse(entry("x", "[20,3]", 0, 240), 60), "x: rank 2, want 3 (T, B, I)");
  CHECK_THROWS(parse(entry("x", "[]", 0, 4), 1), "x: rank 0, want 3 (T, B, I)");
  CHECK_THROWS(parse(entry("x", "[5,3,4]", 0, 240), 60), "x: shape (5, 3, 4), want (T, B, I) = (5, 3, 3)");
  config.batch_first = true;
  CHECK_EQ(parse(x, 60).B, 5);
  CHECK_THROWS(parse("", 0), "x: missing, want (B, T, I) with I = 3");
  CHECK_THROWS(parse(entry("x", "[60]", 0, 240), 60), "x: rank 1, want 3 (B, T, I)");
  CHECK_THROWS(parse(entry("x", "[5,3,4]", 0, 240), 60), "x: shape (5, 3, 4), want (B, T, I) = (5, 3, 3)");
  config.batch_first = false;
  // check 10
  CHECK_THROWS(parse(x + "," + h_0, 76), "c_0: missing, want (L*D, B, H) = (2, 4, 2)");
  CHECK_THROWS(parse(x + "," + entry("c_0", "[2,4,2]", 240, 304), 76), "h_0: missing, want (L*D, B, H) = (2, 4, 2)");
  CHECK_THROWS(parse(x + "," + entry("h_0", "[2,4,1]", 240, 304, "I64") + "," + c_0, 92), "h_0: dtype I64, want F32");
  CHECK_THROWS(parse(x + "," + h_0 + "," + entry("c_0", "[4,2,2]", 304, 368), 92),
               "c_0: shape (4, 2, 2), want (L*D, B, H) = (2, 4, 2)");
  CHECK_THROWS(parse(x + "," + entry("h_0", "[16]", 240, 304) + "," + c_0, 92), "h_0: shape (16,), want (L*D, B, H) = (2, 4, 2)");
  // check 11
  CHECK_THROWS(parse(x + "," + entry("lengths", "[4]", 240, 256), 64), "lengths: dtype F32, want I64");
  CHECK_THROWS(parse(x + "," + entry("lengths", "[1,4]", 240, 272, "I64"), 60, {1, 1, 1, 1}),
               "lengths: shape (1, 4), want (B,) = (4,)");
  CHECK_THROWS(parse(x + "," + lengths, 60, {5, 6, -1, 1}), "lengths[1]: 6, want 0 <= length <= T = 5");
  CHECK_THROWS(parse(x + "," + lengths, 60, {5, 5, std::numeric_limits<std::int64_t>::min(), 9}),
               "lengths[2]: -9223372036854775808, want 0 <= length <= T = 5");
  // check 12
  CHECK_THROWS(parse(x + "," + entry("y", "[1]", 240, 244) + "," + entry("b", "[1]", 244, 248), 62),
               "y: unexpected tensor, want only x, h_0, c_0, lengths");
}

// The options of a configuration (spec/variants.md, section 2).
void test_choices() {
  const auto with = [](const char* op, const std::string& options) {
    return parse_config(replaced(replaced(kConfigText, "lstm", op), "false}", "false, " + options + "}"));
  };
  const std::string clip = ", want 0, or a number > 0 that is finite and not 0 in float32",
                    number = ", want a number that is finite in float32";
  const std::string names =
      ", want one of sigmoid, tanh, relu, leaky_relu, elu, hard_sigmoid, affine, scaled_tanh, softsign, softplus, "
      "thresholded_relu";
  const std::string activation = ", want a name, or an array of a name and its parameters";
  const struct {
    const char *op, *options;
    std::string error;
  } cases[] = {
      {"lstm", R"("proj_size": 2)", "proj_size: 2, want an integer from 0 to hidden_size - 1 = 1"},
      {"lstm", R"("proj_size": -1)", "proj_size: -1, want 0, or an integer from 1 to 16777216"},
      {"lstm", R"("proj_size": false)", "proj_size: false, want 0, or an integer from 1 to 16777216"},
      {"lstm", R"("peephole": 1)", "peephole: 1, want true or false"},
      {"lstm", R"("clip": 1, "clip": 1)", "clip: duplicate key, want one"},
      {"lstm", R"("clip": -1, "proj_size": 9)", "clip: -1" + clip},  // what belongs together comes last
      {"lstm", R"("peephole": 1, "reset_after": 1)", "peephole: 1, want true or false"},
      {"lstm", R"("reset_after": true)", "reset_after: not for op \"lstm\", want no such key: an LSTM has no reset gate"},
      {"gru", R"("output_activation": 3)",
       "output_activation: not for op \"gru\", want no such key: the output of a GRU is its state"},
      {"gru", R"("reset_after": null)", "reset_after: null, want true or false"},
      {"rnn", R"("clip": 1e-60)", "clip: a number" + clip},
      {"rnn", R"("clip": 1e39)", "clip: a number" + clip},
      {"rnn", R"("clip": 1e999)", "clip: a number" + clip},
      {"rnn", R"("clip": 9007199254740992)", "clip: a number" + clip},
      {"rnn", R"("clip": "1")", "clip: \"1\"" + clip},
      {"gru", R"("gate_activation": "Tanh")", "gate_activation: \"Tanh\"" + names},
      {"gru", R"("gate_activation": {})", "gate_activation: an object" + activation},
      {"gru", R"("gate_activation": [])", "gate_activation: an array" + activation},
      {"gru", R"("gate_activation": [3])", "gate_activation[0]: 3" + names},
      {"rnn", R"("candidate_activation": ["elu"])", "candidate_activation: 0 parameters, want 1 for elu"},
      {"rnn", R"("candidate_activation": ["tanh", 1])", "candidate_activation: 1 parameters, want 0 for tanh"},
      {"rnn", R"("candidate_activation": ["affine", 1, "b"])", "candidate_activation[2]: \"b\"" + number},
      {"rnn", R"("candidate_activation": ["affine", 3.4028236e38, 0])", "candidate_activation[1]: a number" + number},
  };
  for (const auto& one : cases) CHECK_THROWS(with(one.op, one.options), "config." + one.error);

  for (const char* options :
       {R"("proj_size": 1, "peephole": true, "input_forget": true, "clip": 0.1, "output_activation": "softsign")",
        R"("gate_activation": ["hard_sigmoid", 0.25, 1e-45], "candidate_activation": ["affine", -3.4028235e+38, 0.33333334])",
        R"("clip": 16777216)", R"("layer_norm": "separate", "cell_norm": "state", "hidden_norm": true, "norm_epsilon": 0.001)",
        R"("recurrent_dropout": 0.1, "candidate_dropout": 0.2, "zoneout_h": 0.3, "zoneout_c": 1e-45)"}) {
    const std::string text = config_text(with("lstm", options));
    CHECK_EQ(text.substr(text.find("false}") == std::string::npos ? text.find("\"bidirectional\": false, ") + 24 : 0),
             std::string(options) + "}");
  }
  CHECK_EQ(config_text(with("lstm", R"("proj_size": -0, "clip": -0.0, "gate_activation": ["sigmoid"])")), kConfigText);
  CHECK_EQ(config_text(with("gru", R"("reset_after": true, "clip": 1e-400)")), replaced(kConfigText, "lstm", "gru"));
}

// What a configuration holds does not depend on the caller's rounding mode, nor on subnormals being flushed; nor does its text.
void test_choices_in_foreign_environments() {
  const std::string options =
      R"("clip": 0.3, "candidate_activation": ["affine", 1e-40, -1.1754942e-38], "hidden_norm": true, "norm_epsilon": 1e-45, )"
      R"("recurrent_dropout": 0.7, "zoneout_c": 1e-40)";
  const std::string text = replaced(kConfigText, "false}", "false, " + options + "}");
  const Config wanted = parse_config(text);
  const std::string between = replaced(kConfigText, "false}", R"(false, "clip": 1e-310})");
  const auto check = [&] {
    const Config config = parse_config(text);
    const std::string again = config_text(config);
    const bool is_random = config.is_random();
    const std::int64_t masks = mask_count(config);
    const std::string second = mask_spec(config, 1, 2, 3).name;
    std::string error;
    try {
      parse_config(between);
    } catch (const Error& refused) {
      error = refused.what();
    }
    std::fesetenv(FE_DFL_ENV);
    CHECK_BITS(config.clip, wanted.clip);
    CHECK_BITS(config.candidate_activation.alpha, wanted.candidate_activation.alpha);
    CHECK_BITS(config.candidate_activation.beta, wanted.candidate_activation.beta);
    CHECK_BITS(config.norm_epsilon, wanted.norm_epsilon);
    CHECK_BITS(config.recurrent_dropout, wanted.recurrent_dropout);
    CHECK_BITS(config.zoneout_c, wanted.zoneout_c);
    CHECK(is_random);
    CHECK_EQ(masks, std::int64_t{2});
    CHECK_EQ(second, std::string("keep_c_l0"));
    CHECK_EQ(again, text);
    CHECK_EQ(error, "config.clip: a number, want 0, or a number > 0 that is finite and not 0 in float32");
  };
  check();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    check();
  }
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040u);  // flush to zero, denormals are zero
  check();
#elif defined(__aarch64__)
  std::uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" : : "r"(control | std::uint64_t{1} << 24));
  check();
#endif
}

std::size_t entries_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& item : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

void test_disk(const std::filesystem::path& folder) {
  Model model = Model::parse(model_file(kConfigText));
  model.tensors[0].data[5] = -1.5f;
  model.tensors[3].data[7] = std::numeric_limits<float>::denorm_min();
  const std::string path = (folder / "a \"model\".safetensors").string();
  model.save(path);
  model.save(path);  // replaces
  const Model again = Model::open(path);
  CHECK_EQ(again.tensors.size(), 4u);
  for (std::size_t i = 0; i < again.tensors.size(); ++i) {
    CHECK_EQ(again.tensors[i].name, model.tensors[i].name);
    CHECK(again.tensors[i].shape == model.tensors[i].shape);
    for (std::size_t k = 0; k < again.tensors[i].data.size(); ++k) CHECK_BITS(again.tensors[i].data[k], model.tensors[i].data[k]);
  }
  CHECK_EQ(read_file(path).size() % 8, 0u);
  CHECK_EQ(entries_in(folder), 1u);  // no temporary left

  const std::string missing = (folder / "none" / "m").string(), here = folder.string();
  CHECK_THROWS(read_file(missing), "file: cannot be read (No such file or directory), want a readable file");
  CHECK_THROWS(Model::open(missing), missing + ": file: cannot be read (No such file or directory), want a readable file");
  CHECK_THROWS(Model::open(here), here + ": file: cannot be read (Is a directory), want a readable file");
  CHECK_THROWS(read_file(path + std::string("\0x", 2)), "file: cannot be read (Invalid argument), want a readable file");
  CHECK_THROWS(model.save(missing), missing + ": file: cannot be written (No such file or directory), want a writable file");
  CHECK_THROWS(model.save(here), here + ": file: cannot be written (Is a directory), want a writable file");
  CHECK_THROWS(InputsFile::open(path, model.config), path + ": x: missing, want (T, B, I) with I = 3");
  {
    AtomicFile abandoned((folder / "abandoned").string());
  }
  Model broken = model;
  broken.tensors[2].data.pop_back();
  CHECK_THROWS(broken.save(path), path + ": bias_ih_l0: 7 elements, want those of shape (8,)");
  broken.tensors.pop_back();
  broken.tensors[2].shape = {7};
  CHECK_THROWS(broken.save(path), path + ": bias_ih_l0: shape (7,), want (4*H,) = (8,)");
  CHECK_EQ(entries_in(folder), 1u);
  CHECK_BITS(Model::open(path).tensors[0].data[5], -1.5f);
}

// A large tensor is written without a copy of it, and whole.
void test_large_tensor(const std::filesystem::path& folder) {
  const std::string path = (folder / "large.safetensors").string();
  std::vector<double> numbers(300001);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.5 + static_cast<double>(i);
  const std::vector<TensorView> tensors = {{"a", Dtype::kFloat64, {300001}, numbers.data()},
                                           {"b", Dtype::kFloat64, {1, 2}, numbers.data()},
                                           {"c", Dtype::kFloat64, {0, 2}, nullptr}};
  const std::size_t before = allocations::bytes;
  safetensors::write(path, {}, tensors);
  CHECK(allocations::bytes - before < numbers.size() * sizeof(double) / 2);
  const std::string bytes = read_file(path);
  const auto again = safetensors::parse(bytes);
  CHECK_EQ(again.tensors.size(), std::size_t{3});
  CHECK(safetensors::read_reals<double>(again.tensors[0]) == numbers);
  CHECK(safetensors::read_reals<double>(again.tensors[1]) == std::vector<double>({0.5, 1.5}));
}

template <class Real>
BasicModel<Real> model_of(Dtype dtype) {
  BasicModel<Real> model;
  model.config.input_size = 3, model.config.hidden_size = 2, model.config.dtype = dtype;
  for (std::int64_t i = 0; i < tensor_count(model.config); ++i) {
    const TensorSpec spec = tensor_spec(model.config, i);
    model.tensors.push_back(
        {spec.name, spec.shape, std::vector<Real>(static_cast<std::size_t>(safetensors::element_count(spec.shape)), Real(1.5))});
  }
  return model;
}

void test_dtypes(const std::filesystem::path& folder) {
  const std::string path = (folder / "dtypes.safetensors").string();
  BasicModel<double> wide = model_of<double>(Dtype::kFloat64);
  wide.tensors[1].data[3] = 0x1.000000000000fp-1050;
  wide.save(path);
  CHECK(read_config(read_file(path)).dtype == Dtype::kFloat64);
  CHECK_BITS(BasicModel<double>::open(path).tensors[1].data[3], 0x1.000000000000fp-1050);
  CHECK_THROWS(Model::open(path), path + ": dtype: \"float64\", want \"float32\" or \"bfloat16\"");
  CHECK_THROWS(LSTM(wide.config, wide.views()), "dtype: \"float64\", want \"float32\" or \"bfloat16\"");
  CHECK_THROWS(InputsFile::parse("", wide.config), "dtype: \"float64\", want \"float32\" or \"bfloat16\"");
  CHECK_EQ(LSTM64(wide).config().hidden_size, std::int64_t{2});

  Model halves = model_of<float>(Dtype::kBfloat16);
  halves.tensors[0].data[5] = -0x1p-130f, halves.tensors[1].data[0] = NAN, halves.tensors[2].data[0] = 0.1f;
  halves.save(path);
  CHECK(read_config(read_file(path)).dtype == Dtype::kBfloat16);
  const Model again = Model::open(path);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t k = 0; k < halves.tensors[i].data.size(); ++k)
      CHECK_BITS(again.tensors[i].data[k], halves.tensors[i].data[k]);
  }
  CHECK_THROWS(BasicModel<double>::open(path), path + ": dtype: \"bfloat16\", want \"float64\"");
  halves.tensors[0].data[2] = 0.1f;
  const std::string want = "weight_ih_l0: 1 elements that are no bfloat16, want bfloat16 values (round_to_bfloat16 gives them)";
  CHECK_THROWS(halves.save(path), path + ": " + want);
  CHECK_THROWS(LSTM(halves), want);
  halves.tensors[0].data[2] = round_to_bfloat16(0.1f);
  CHECK_BITS(halves.tensors[0].data[2], 0x1.9ap-4f);
  CHECK_EQ(LSTM(halves).config().hidden_size, std::int64_t{2});

  CHECK_BITS(round_to_bfloat16(1 + 0x1p-8f), 1.0f);  // ties to even
  CHECK_BITS(round_to_bfloat16(1 + 0x1.8p-7f), 1 + 0x1p-6f);
  CHECK_BITS(round_to_bfloat16(0x1.ffp127f), INFINITY);
  std::uint32_t bits = 0x7f800001;  // a NaN by its lowest bit
  float nan;
  std::memcpy(&nan, &bits, sizeof nan);
  CHECK_BITS(round_to_bfloat16(nan), NAN);
  CHECK(is_bfloat16(nan));

  // F64 tensors in a file, and other dtypes than the configuration's.
  const auto with_dtype = [](const char* dtype) {
    return replaced(kConfigText, "\"bidirectional\": false", "\"bidirectional\": false, \"dtype\": " + std::string(dtype));
  };
  CHECK_THROWS(parse_config(with_dtype("\"float16\"")),
               "config.dtype: \"float16\", want \"float32\", \"float64\" or \"bfloat16\"");
  CHECK_THROWS(parse_config(with_dtype("\"int64\"")), "config.dtype: \"int64\", want \"float32\", \"float64\" or \"bfloat16\"");
  CHECK_THROWS(parse_config(with_dtype("64")), "config.dtype: 64, want \"float32\", \"float64\" or \"bfloat16\"");
  CHECK_EQ(config_text(parse_config(with_dtype("\"float32\""))), kConfigText);
  CHECK_EQ(config_text(parse_config(with_dtype("\"float64\""))), with_dtype("\"float64\""));
  CHECK_THROWS(BasicModel<double>::parse(model_file(with_dtype("\"float64\""))), "weight_ih_l0: dtype F32, want F64");
  CHECK_THROWS(Model::parse(model_file(with_dtype("\"bfloat16\""))), "weight_ih_l0: dtype F32, want BF16");
  CHECK_THROWS(BasicInputsFile<double>::parse(inputs_file(entry("x", "[5,4,3]", 0, 240), {}, 60), wide.config),
               "x: dtype F32, want F64");
  std::filesystem::remove(path);
}

// Flips, truncations, insertions and swapped digits: an Error or success, never anything else. Under a sanitizer this finds reads
// out of bounds.
void test_mutations() {
  const std::vector<std::string> originals = {
      model_file(kConfigText),
      inputs_file(entry("x", "[5,4,3]", 0, 240) + "," + entry("lengths", "[4]", 240, 272, "I64"), {5, 0, 3, 1}, 60)};
  const Config config = Model::parse(originals[0]).config;
  std::uint64_t state = 1;
  const auto random = [&](std::size_t below) {  // Knuth's MMIX generator
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state >> 33) % below;
  };
  int refused = 0, accepted = 0;
  for (int round = 0; round < 8000; ++round) {
    std::string bytes = originals[round % 2];
    for (std::size_t n = 1 + random(3); n > 0; --n) {
      const std::size_t at = random(bytes.size());
      switch (random(6)) {
        case 0:
          bytes[at] = static_cast<char>(bytes[at] ^ 1 << random(8));
          break;
        case 1:
          bytes.resize(at + 1);
          break;
        case 2:
          bytes.insert(at, 1 + random(4), static_cast<char>(random(256)));
          break;
        case 3:
          bytes.erase(at, 1 + random(4));
          break;
        case 4:
          bytes[at] = "0123456789-[]{}\",:e."[random(19)];
          break;
        default:
          bytes.insert(at, bytes.substr(random(bytes.size()), random(40)));
      }
      const std::size_t end = bytes.rfind('}');
      if (random(2) == 0 && end != std::string::npos && end >= 8)
        bytes.replace(0, 8, little_endian(end - 7));  // to reach the later checks
      if (bytes.empty()) break;
    }
    try {
      if (round % 2 == 0)
        Model::parse(bytes);
      else
        InputsFile::parse(bytes, config);
      ++accepted;
    } catch (const Error&) {
      ++refused;
    }
  }
  std::cout << "mutations: " << refused << " refused, " << accepted << " accepted\n";
  CHECK(refused > 1000 && accepted > 10);
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / ("lstm_ref_test_files." + std::to_string(std::random_device{}()));
  std::filesystem::create_directories(folder);
  test_json();
  test_container();
  test_model();
  test_choices();
  test_choices_in_foreign_environments();
  test_inputs();
  test_disk(folder);
  test_large_tensor(folder);
  test_dtypes(folder);
  test_mutations();
  std::filesystem::remove_all(folder);
  return check::summary();
}
