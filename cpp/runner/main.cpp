// lstm-ref-runner: the C++ engine behind the runner protocol (spec/runner.md), one JSON object a line in, one out.
#include <exception>
#include <iostream>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "aligned_buffer.hpp"
#include "dispatch.hpp"
#include "files/file_io.hpp"
#include "files/json.hpp"
#include "files/safetensors.hpp"
#include "lstm_ref/lstm.hpp"
#include "lstm_ref/model.hpp"

namespace {

using namespace lstm_ref;

constexpr const char* kVersion = LSTM_REF_VERSION;
constexpr const char* kCommands = "start, run or stop";

constexpr const char* kHelp =
    "usage: lstm-ref-runner [--help | --version]\n\n"
    "Answers the requests of the runner protocol, one JSON object a line, on standard input and output.\n"
    "LSTM_REF_ISA chooses the instruction set; unset, it is the fastest of this machine.\n\n"
    "instruction sets of this machine:";

using Request = std::vector<json::Member>;

// One tensor of the outputs file.
struct Output {
  std::string name;
  Shape shape;
  std::vector<float> data;

  Output(std::string name_, const Shape& shape_) : name(std::move(name_)), shape(shape_) {
    std::int64_t count = 1;
    for (const std::int64_t n : shape) count = checked_product(count, n);
    data.resize(static_cast<std::size_t>(count));
  }
  Output(std::string name_, const Shape& shape_, std::vector<float>&& data_)
      : name(std::move(name_)), shape(shape_), data(std::move(data_)) {}

  TensorView view() const { return {name, Dtype::kFloat32, shape, data.data()}; }
};

// A member that must be there and be of this kind.
const json::Value& member(const Request& request, const std::string& key, json::Kind kind, const std::string& want) {
  const json::Value* value = json::find(request, key);
  if (!value) throw Error("request." + key, "missing", want);
  if (value->kind() != kind) throw Error("request." + key, value->describe(), want);
  return *value;
}

std::string string_member(const Request& request, const std::string& key, const std::string& want = "a string") {
  return member(request, key, json::Kind::string, want).string();
}

std::int64_t integer_member(const Request& request, const std::string& key) {
  const json::Value& value = member(request, key, json::Kind::number, "an integer");
  const auto integer = value.integer();
  if (!integer) throw Error("request." + key, value.describe(), "an integer");
  return *integer;
}

std::string start(const Request& request) {
  const std::int64_t version = integer_member(request, "version");
  if (version != 1) throw Error("request.version", std::to_string(version), "1");
  const std::string isa = select_kernels("").name;
  return R"("version": 1, "name": "lstm_ref C++", "implementation": "cpp-)" + isa + R"(", "implementation_version": ")" +
         kVersion + R"(", "language": "C++", "operations": ["lstm"], "dtypes": ["float32"], "claim": "bit-exact", "trace": true)";
}

std::vector<Output> forward(const Model& model, const InputsFile& inputs, bool with_trace) {
  const Config& config = model.config;
  const std::int64_t T = inputs.T, B = inputs.B, H = config.hidden_size, D = config.directions();
  const Shape state_shape = {config.state_rows(), B, H};
  std::vector<Output> outputs = {
      {"y", config.batch_first ? Shape{B, T, D * H} : Shape{T, B, D * H}}, {"h_n", state_shape}, {"c_n", state_shape}};
  std::vector<Trace> trace;
  LSTM(model).forward(inputs.view(), {outputs[0].data.data(), outputs[1].data.data(), outputs[2].data.data()},
                      with_trace ? &trace : nullptr);
  for (std::size_t row = 0; row < trace.size(); ++row) {
    const auto l = row / static_cast<std::size_t>(D), d = row % static_cast<std::size_t>(D);
    const std::string suffix = "_l" + std::to_string(l) + (d == 1 ? "_reverse" : "");
    outputs.emplace_back("z" + suffix, Shape{T, B, 4 * H}, std::move(trace[row].z));
    outputs.emplace_back("gates" + suffix, Shape{T, B, 4 * H}, std::move(trace[row].gates));
    outputs.emplace_back("c" + suffix, Shape{T, B, H}, std::move(trace[row].c));
    outputs.emplace_back("h" + suffix, Shape{T, B, H}, std::move(trace[row].h));
  }
  return outputs;
}

std::string run(const Request& request) {
  integer_member(request, "seq");
  string_member(request, "case");
  const std::string op = string_member(request, "op");
  const std::string model_path = string_member(request, "model"), inputs_path = string_member(request, "inputs");
  const std::string outputs_path = string_member(request, "outputs");
  const bool trace = json::find(request, "trace") && member(request, "trace", json::Kind::boolean, "true or false").boolean();
  if (op != "lstm") throw Error("request.op", '"' + op + '"', "one of lstm");

  const Model model = Model::parse(read_file(model_path));
  const InputsFile inputs = InputsFile::parse(read_file(inputs_path), model.config);
  const std::vector<Output> outputs = forward(model, inputs, trace);
  std::vector<TensorView> tensors;
  for (const Output& output : outputs) tensors.push_back(output.view());
  safetensors::write(outputs_path, {}, tensors);
  return "\"outputs\": " + json::quote(outputs_path);
}

struct Answer {
  std::string text;
  bool stop = false;
};

// The answer to one line, whatever it holds.
Answer answer(std::string_view line) {
  std::string seq;
  const auto error = [&](const std::string& message) { return Answer{'{' + seq + "\"error\": " + json::quote(message) + '}'}; };
  try {
    const auto object = json::Value::parse(line);
    if (!object || object->kind() != json::Kind::object) throw Error("request", "invalid JSON", "a JSON object");
    const Request request = object->members();
    if (const json::Value* value = json::find(request, "seq"); value && value->integer()) {
      seq = "\"seq\": " + std::to_string(*value->integer()) + ", ";
    }
    const std::string command = string_member(request, "cmd", kCommands);
    if (command == "start") return {'{' + start(request) + '}'};
    if (command == "run") return {'{' + seq + run(request) + '}'};
    if (command == "stop") return {"{\"stopped\": true}", true};
    throw Error("request.cmd", member(request, "cmd", json::Kind::string, kCommands).describe(), kCommands);
  } catch (const Error& invalid) {
    return error(invalid.parameter + ": " + invalid.got + ", want " + invalid.want);  // what() would end at a U+0000
  } catch (const std::bad_alloc&) {
    return error("memory: too little for this case, want a smaller one");
  } catch (const std::length_error&) {  // what a vector throws when asked for more than can exist
    return error("memory: too little for this case, want a smaller one");
  } catch (const std::exception& failure) {
    return error(failure.what());
  }
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
  for (std::string line; std::getline(std::cin, line);) {
    const Answer reply = answer(line);
    std::cout << reply.text << std::endl;
    if (reply.stop) break;
  }
  return 0;
}
