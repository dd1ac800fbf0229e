// lstm-ref-runner: the C++ engine behind the runner protocol (spec/runner.md), one JSON object a line in, one out.
#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "aligned_buffer.hpp"
#include "choices.hpp"
#include "dispatch.hpp"
#include "files/file_io.hpp"
#include "files/json.hpp"
#include "files/requests.hpp"
#include "files/safetensors.hpp"
#include "lstm_ref/lstm.hpp"
#include "lstm_ref/model.hpp"

namespace {

using namespace lstm_ref;

constexpr const char* kVersion = LSTM_REF_VERSION;
constexpr const char* kOperations[] = {"lstm", "gru", "rnn"};
constexpr const char* kOfferedDtypes[] = {"float32", "float64", "bfloat16"};
constexpr const char* kCommands = "start, run or stop";

constexpr const char* kHelp =
    "usage: lstm-ref-runner [--help | --version]\n\n"
    "Answers the requests of the runner protocol, one JSON object a line, on standard input and output.\n"
    "LSTM_REF_ISA chooses the instruction set; unset, it is the fastest of this machine.\n\n"
    "instruction sets of this machine:";

// One tensor of the outputs file.
template <class Real>
struct Output {
  std::string name;
  Shape shape;
  std::vector<Real> data;

  Output(std::string name_, const Shape& shape_) : name(std::move(name_)), shape(shape_) {
    std::int64_t count = 1;
    for (const std::int64_t n : shape) count = checked_product(count, n);
    data.resize(static_cast<std::size_t>(count));
  }
  Output(std::string name_, const Shape& shape_, std::vector<Real>&& data_)
      : name(std::move(name_)), shape(shape_), data(std::move(data_)) {}

  TensorView view() const { return {name, sizeof(Real) == 8 ? Dtype::kFloat64 : Dtype::kFloat32, shape, data.data()}; }
};

template <class List>
std::string json_list(const List& names, const char* without = "") {
  std::string list;
  for (const std::string name : names) {
    if (name != without) list += (list.empty() ? "" : ", ") + json::quote(name);
  }
  return '[' + list + ']';
}

std::string start(const Request& request) {
  const std::int64_t version = request.integer("version");
  if (version != 1) throw Error("request.version", std::to_string(version), "1");
  const std::string isa = select_kernels<float>("").name;
  return R"("version": 1, "name": "lstm_ref C++", "implementation": "cpp-)" + isa + R"(", "implementation_version": ")" +
         kVersion + R"(", "language": "C++", "operations": )" + json_list(kOperations) + R"(, "options": )" +
         json_list(kOptions, "dtype") + R"(, "dtypes": )" + json_list(kOfferedDtypes) +
         R"(, "claim": "bit-exact", "trace": true)";
}

template <class Real>
std::vector<Output<Real>> forward(const BasicModel<Real>& model, const BasicInputsFile<Real>& inputs, bool with_trace) {
  const Config& config = model.config;
  const std::int64_t T = inputs.T, B = inputs.B, R = config.output_size(), D = config.directions();
  Output<Real> y = {"y", config.batch_first ? Shape{B, T, D * R} : Shape{T, B, D * R}};
  Output<Real> h_n = {"h_n", {config.state_rows(), B, R}};
  Output<Real> c_n = {"c_n", {config.state_rows(), config.has_c() ? B : 0, config.hidden_size}};
  std::vector<BasicTrace<Real>> trace;
  BasicRecurrent<Real>(model).forward(inputs.view(), {y.data.data(), h_n.data.data(), c_n.data.data()},
                                      with_trace ? &trace : nullptr);

  std::vector<Output<Real>> outputs;
  outputs.push_back(std::move(y));
  outputs.push_back(std::move(h_n));
  if (config.has_c()) outputs.push_back(std::move(c_n));
  for (std::size_t row = 0; row < trace.size(); ++row) {
    const auto l = row / static_cast<std::size_t>(D), d = row % static_cast<std::size_t>(D);
    const std::string suffix = "_l" + std::to_string(l) + (d == 1 ? "_reverse" : "");
    const auto add = [&](const char* name, std::int64_t size, std::vector<Real>& values) {
      outputs.emplace_back(name + suffix, Shape{T, B, size}, std::move(values));
    };
    const std::int64_t H = config.hidden_size, gates = config.gates();
    add("z", config.op == Op::kGru && config.reset_after ? 4 * H : gates * H, trace[row].z);
    if (config.op != Op::kRnn) add("gates", gates * H, trace[row].gates);
    if (config.has_c()) add("c", H, trace[row].c);
    add("h", R, trace[row].h);
  }
  return outputs;
}

std::string run(const Request& request) {
  const std::int64_t seq = request.integer("seq");
  request.string("case");
  const std::string op = request.string("op");
  const std::string model_path = request.string("model"), inputs_path = request.string("inputs");
  const std::string outputs_path = request.string("outputs");
  const bool trace = request.flag("trace");
  if (std::find(std::begin(kOperations), std::end(kOperations), op) == std::end(kOperations)) {
    std::string names;
    for (const char* const name : kOperations) names += (names.empty() ? "one of " : ", ") + std::string(name);
    throw Error("request.op", '"' + op + '"', names);
  }

  const std::string model_bytes = read_file(model_path);
  with_real(read_config(model_bytes), [&](auto zero) {
    using Real = decltype(zero);
    const auto model = BasicModel<Real>::parse(model_bytes);
    const std::string model_op = name_of(model.config.op);
    if (op != model_op) throw Error("request.op", '"' + op + '"', '"' + model_op + "\", the op of the model");
    const auto inputs = BasicInputsFile<Real>::parse(read_file(inputs_path), model.config);
    const auto outputs = forward(model, inputs, trace);
    std::vector<TensorView> tensors;
    for (const Output<Real>& output : outputs) tensors.push_back(output.view());
    safetensors::write(outputs_path, {}, tensors);
  });
  return "\"seq\": " + std::to_string(seq) + ", \"outputs\": " + json::quote(outputs_path);
}

Answer answer(const Request& request) {
  const std::string command = request.string("cmd", kCommands);
  if (command == "start") return {start(request)};
  if (command == "run") return {run(request)};
  if (command == "stop") return {"\"stopped\": true", true};
  throw Error("request.cmd", request.describe("cmd"), kCommands);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (option == "--version") {
    std::cout << "lstm-ref-runner " << kVersion << '\n';
    return 0;
  }
  if (!option.empty()) {
    std::ostream& out = option == "--help" ? std::cout : std::cerr;
    out << kHelp;
    for (const std::string& isa : available_isas()) out << ' ' << isa;
    out << '\n';
    return option == "--help" ? 0 : 2;
  }
  std::ios::sync_with_stdio(false);
  serve(std::cin, std::cout, answer);
  return 0;
}
