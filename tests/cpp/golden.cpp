// The golden vectors (spec/vectors.md) against the engine, for every instruction set of this machine:
//   every valid case, its inputs made here by the generator (N8), its outputs compared by digest (N9);
//   every stored case, read from its files, with all intermediates compared bit by bit;
//   every invalid case, refused in the very words of the manifest.
// usage: lstm_ref_golden FOLDER
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "files/file_io.hpp"
#include "files/json.hpp"
#include "files/safetensors.hpp"
#include "fills.hpp"
#include "lstm_ref/model.hpp"
#include "sha256.hpp"

namespace {

using namespace lstm_ref;
using Members = std::vector<json::Member>;

const json::Value& at(const Members& members, std::string_view key) {
  if (const json::Value* value = json::find(members, key)) return *value;
  throw std::runtime_error("manifest: no member " + std::string(key));
}

// What an entry leaves out has its default (spec/vectors.md).
bool flag(const Members& members, std::string_view key, bool absent) {
  const json::Value* value = json::find(members, key);
  if (!value) return absent;
  if (value->kind() != json::Kind::boolean) throw std::runtime_error("manifest: " + std::string(key) + ": want true or false");
  return value->boolean();
}

// The configuration of an entry, read as that of a model file.
Config config_of(const Members& entry) {
  std::string text = "{\"format_version\": 1, \"op\": " + std::string(at(entry, "op").text());
  const Members config = at(entry, "config").members();
  const auto add = [&](const std::string& key, std::string_view value) {
    text += ", " + json::quote(key) + ": " + std::string(value);
  };
  for (const auto& [key, absent] :
       {std::pair{"num_layers", "1"}, {"bias", "true"}, {"batch_first", "false"}, {"bidirectional", "false"}}) {
    if (!json::find(config, key)) add(key, absent);
  }
  for (const json::Member& member : config) add(member.key, member.value.text());
  return parse_config(text + '}');
}

const json::Value& default_fill(const std::string& group) {
  static const json::Value any = *json::Value::parse(R"({"kind": "uniform", "exponent": 0})");
  static const json::Value x = *json::Value::parse(R"({"kind": "uniform", "exponent": 1})");
  return group == "x" ? x : any;
}

bool is_null(const json::Value& value) { return value.kind() == json::Kind::null; }

template <class Real>
std::string digest(const std::vector<Real>& tensor) {  // (N9)
  std::string bytes;
  bytes.reserve(sizeof(Real) * tensor.size());
  for (const Real element : tensor) {
    typename fills::Form<Real>::Bits bits;
    std::memcpy(&bits, &element, sizeof bits);
    if (element != element) bits = sizeof(Real) == 4 ? 0x7fc00000u : 0x7ff8000000000000u;
    for (std::size_t shift = 0; shift < 8 * sizeof bits; shift += 8) bytes.push_back(static_cast<char>(bits >> shift & 0xff));
  }
  return sha256(bytes);
}

template <class Real>
struct Case {
  BasicModel<Real> model;
  BasicInputsFile<Real> inputs;
};

// The tensors of a valid case, from its seed and fills.
template <class Real>
Case<Real> generate(const Members& entry) {
  const Members dims = at(entry, "dims").members();
  const json::Value* given = json::find(entry, "fills");
  const Members fills = given ? given->members() : Members{};
  const auto seed = static_cast<std::uint64_t>(at(entry, "seed").integer().value());
  const auto make = [&](const std::string& name, const std::string& group, const Shape& shape) {
    const json::Value* how = json::find(fills, name);  // goes before its group's
    if (!how) how = json::find(fills, group);
    return fills::fill<Real>(seed, name, static_cast<std::size_t>(safetensors::element_count(shape)),
                             how ? *how : default_fill(group));
  };

  Case<Real> made;
  const Config c = made.model.config = config_of(entry);
  for (std::int64_t i = 0; i < tensor_count(c); ++i) {
    const TensorSpec spec = tensor_spec(c, i);
    auto data = make(spec.name, spec.name.substr(0, spec.name.find('_')), spec.shape);
    if (spec.stored_as == Dtype::kBfloat16) {
      for (Real& value : data) value = fills::upper_half(static_cast<float>(value));
    }
    made.model.tensors.push_back({spec.name, spec.shape, std::move(data)});
  }

  BasicInputsFile<Real>& inputs = made.inputs;
  inputs.T = at(dims, "T").integer().value();
  inputs.B = at(dims, "B").integer().value();
  inputs.x = make("x", "x", {inputs.T, inputs.B, c.input_size});
  if (flag(entry, "initial_state", true)) {
    inputs.h_0 = make("h_0", "state", {c.state_rows(), inputs.B, c.output_size()});
    if (c.has_c()) inputs.c_0 = make("c_0", "state", {c.state_rows(), inputs.B, c.hidden_size});
  }
  if (const json::Value* lengths = json::find(entry, "lengths")) {
    for (const json::Value& length : lengths->elements()) inputs.lengths.push_back(length.integer().value());
  }
  const json::Value* const training = json::find(entry, "training");
  if (training && training->string() == "seed") inputs.seed = static_cast<std::int64_t>(seed);
  for (std::int64_t i = 0; training && training->string() == "masks" && i < mask_count(c); ++i) {
    const MaskSpec spec = mask_spec(c, i, inputs.T, inputs.B);
    inputs.masks.push_back(make(spec.name, "mask", spec.shape));
  }
  return made;
}

template <class Real>
struct Result {
  std::vector<Real> y, h_n, c_n;
  std::vector<BasicTrace<Real>> trace;
};

template <class Real>
Result<Real> empty_result(const Config& c, const BasicInputsFile<Real>& inputs) {
  const auto zeros = [](std::int64_t size) { return std::vector<Real>(static_cast<std::size_t>(size)); };
  return {zeros(inputs.T * inputs.B * c.directions() * c.output_size()),
          zeros(c.state_rows() * inputs.B * c.output_size()),
          zeros(c.has_c() ? c.state_rows() * inputs.B * c.hidden_size : 0),
          {}};
}

template <class Real>
Result<Real> forward(const BasicRecurrent<Real>& network, const BasicInputsFile<Real>& inputs, bool with_trace) {
  Result<Real> result = empty_result(network.config(), inputs);
  network.forward(inputs.view(), {result.y.data(), result.h_n.data(), result.c_n.data()}, with_trace ? &result.trace : nullptr);
  return result;
}

// The same a step at a time, in evaluation, for whole rows of one direction, time-major or of one row.
template <class Real>
bool is_for_streams(const Config& c, const BasicInputsFile<Real>& inputs) {
  return !inputs.seed && inputs.masks.empty() && !c.bidirectional && inputs.lengths.empty() && inputs.B > 0 &&
         (!c.batch_first || inputs.B == 1 || inputs.T == 1);
}

template <class Real>
Result<Real> stream(const BasicRecurrent<Real>& network, const BasicInputsFile<Real>& inputs) {
  const Config& c = network.config();
  Result<Real> result = empty_result(c, inputs);
  BasicStream<Real> stream = network.stream(inputs.B);
  const BasicInputs<Real> given = inputs.view();
  stream.set_state(given.h_0, given.c_0);
  for (std::int64_t t = 0; t < inputs.T; ++t) {
    stream.step(inputs.x.data() + t * inputs.B * c.input_size, result.y.data() + t * inputs.B * c.output_size());
  }
  stream.state(result.h_n.data(), result.c_n.data());
  return result;
}

template <class Real>
void check_valid(const Members& entry, const std::vector<std::string>& isas) {
  const std::string id = at(entry, "id").string();
  const Case<Real> made = generate<Real>(entry);
  const Members want = at(entry, "digest").members();
  for (const std::string& isa : isas) {
    const BasicRecurrent<Real> network(made.model, {isa, 1});
    const auto compare = [&](const char* how, const Result<Real>& got) {
      const auto compare_tensor = [&](const char* name, const std::vector<Real>& tensor) {
        check::report_pair(digest(tensor) == at(want, name).string(), __FILE__, __LINE__,
                           (id + ", " + isa + ", " + how + ": digest of " + name).c_str(), digest(tensor),
                           at(want, name).string());
      };
      compare_tensor("y", got.y), compare_tensor("h_n", got.h_n);
      if (network.config().has_c()) compare_tensor("c_n", got.c_n);
    };
    compare("forward", forward(network, made.inputs, false));
    if (is_for_streams(network.config(), made.inputs)) compare("stream", stream(network, made.inputs));
  }
}

// Bit by bit; the first difference is named.
template <class Real>
void compare_bits(const std::string& what, const std::vector<Real>& got, const std::vector<Real>& want) {
  std::size_t k = 0;
  while (k < got.size() && k < want.size() && check::same_bits(got[k], want[k])) ++k;
  if (k < got.size() && k < want.size()) {
    check::report_pair(false, __FILE__, __LINE__, (what + ", element " + std::to_string(k)).c_str(), check::show(got[k]),
                       check::show(want[k]));
  } else {
    check::report_pair(got.size() == want.size(), __FILE__, __LINE__, (what + ", elements").c_str(), check::show(got.size()),
                       check::show(want.size()));
  }
}

template <class Real>
void check_stored(const std::filesystem::path& folder, const std::vector<std::string>& isas) {
  const auto model = BasicModel<Real>::open((folder / "model.safetensors").string());
  const auto inputs = BasicInputsFile<Real>::open((folder / "inputs.safetensors").string(), model.config);
  const std::string bytes = read_file((folder / "expected.safetensors").string());
  const auto expected = safetensors::parse(bytes);
  for (const std::string& isa : isas) {
    const Result<Real> got = forward(BasicRecurrent<Real>(model, {isa, 1}), inputs, true);
    const auto tensor = [&](const std::string& name) -> const std::vector<Real>* {
      if (name == "y") return &got.y;
      if (name == "h_n") return &got.h_n;
      if (name == "c_n") return &got.c_n;
      for (std::size_t row = 0; row < got.trace.size(); ++row) {
        const std::size_t D = model.config.bidirectional ? 2 : 1;
        const std::string suffix = "_l" + std::to_string(row / D) + (row % D == 1 ? "_reverse" : "");
        if (name == "z" + suffix) return &got.trace[row].z;
        if (name == "gates" + suffix) return &got.trace[row].gates;
        if (name == "c" + suffix) return &got.trace[row].c;
        if (name == "h" + suffix) return &got.trace[row].h;
      }
      return nullptr;
    };
    const std::size_t outputs = model.config.has_c() ? 3 : 2, traced = model.config.has_c()          ? 4
                                                                       : model.config.op == Op::kGru ? 3
                                                                                                     : 2;
    CHECK_EQ(expected.tensors.size(), outputs + traced * got.trace.size());
    for (const TensorView& view : expected.tensors) {
      const std::string what = folder.filename().string() + ", " + isa + ": " + view.name;
      const std::vector<Real>* values = tensor(view.name);
      check::report(values != nullptr, __FILE__, __LINE__, what + " is no output of ours");
      if (values) compare_bits(what, *values, safetensors::read_reals<Real>(view));
    }
  }
}

void check_invalid(const Members& entry, const std::filesystem::path& folder) {
  std::string got = "no error";
  try {
    const std::string bytes = read_file((folder / at(entry, "model").string()).string());
    with_real(read_config(bytes), [&](auto zero) {
      using Real = decltype(zero);
      const auto model = BasicModel<Real>::parse(bytes);
      const json::Value& inputs = at(entry, "inputs");
      if (!is_null(inputs)) BasicInputsFile<Real>::parse(read_file((folder / inputs.string()).string()), model.config);
    });
  } catch (const Error& error) {
    got = error.parameter + ": " + error.got + ", want " + error.want;  // what() ends at a U+0000
  }
  check::report_pair(got == at(entry, "error").string(), __FILE__, __LINE__, at(entry, "id").string().c_str(), got,
                     at(entry, "error").string());
}

void check_all(const std::filesystem::path& folder) {
  CHECK_EQ(sha256(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));  // FIPS 180-4's examples
  CHECK_EQ(sha256("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
           std::string("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));

  const std::string text = read_file((folder / "manifest.json").string());
  const auto parsed = json::Value::parse(text);
  if (!parsed) throw std::runtime_error("manifest.json: invalid JSON");
  const Members manifest = parsed->members();
  const std::vector<json::Value> valid = at(manifest, "valid").elements(), invalid = at(manifest, "invalid").elements();
  const std::vector<std::string> isas = available_isas();
  int stored = 0;
  for (std::size_t n = 0; n < valid.size(); ++n) {
    const Members entry = valid[n].members();
    with_real(config_of(entry), [&](auto zero) {
      using Real = decltype(zero);
      check_valid<Real>(entry, isas);
      if (!flag(entry, "stored", false)) return;
      check_stored<Real>(folder / "valid" / at(entry, "id").string(), isas);
      ++stored;
    });
    if ((n + 1) % 100 == 0) std::cout << n + 1 << " of " << valid.size() << " valid cases" << std::endl;
  }
  for (const json::Value& entry : invalid) check_invalid(entry.members(), folder);

  std::cout << valid.size() << " valid cases, " << stored << " of them also from files, " << invalid.size()
            << " invalid; instruction sets:";
  for (const std::string& isa : isas) std::cout << ' ' << isa;
  std::cout << '\n';
  CHECK(!valid.empty());  // nothing compared is not a success
  CHECK(stored > 0);
  CHECK(!invalid.empty());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: lstm_ref_golden FOLDER (tests/golden)\n";
    return 2;
  }
  try {
    check_all(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << '\n';
    return 1;
  }
  return check::summary();
}
