// The benchmark worker, a process of its own: what it answers, and that what it times is what the engine computes.
// usage: lstm_ref_test_bench_worker PATH-OF-lstm-ref-bench; writes files into the current folder.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine_reference.hpp"
#include "files/file_io.hpp"
#include "files/json.hpp"
#include "files/safetensors.hpp"
#include "lstm_ref/model.hpp"

namespace json = lstm_ref::json;
using Lines = std::vector<std::string>;

namespace {

std::string worker;  // its path

constexpr const char* kModel = "bench_worker_model.safetensors";
constexpr const char* kInputs = "bench_worker_inputs.safetensors";
constexpr const char* kOutputs = "bench_worker_outputs.safetensors";

// The answers to some requests, and the exit status as a last line.
Lines talk(const Lines& requests) {
  const std::string file = "bench_worker_requests.jsonl";
  {
    std::ofstream out(file, std::ios::binary);
    for (const std::string& request : requests) out << request << '\n';
  }
  std::FILE* const pipe = popen(('"' + worker + "\" < " + file).c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot start " + worker);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  const int status = pclose(pipe);
  Lines lines;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  lines.push_back("status " + std::to_string(status));
  return lines;
}

std::string prepare(const std::string& mode, const std::string& more = "", const std::string& outputs = kOutputs) {
  return "{\"request\": \"prepare\", \"mode\": \"" + mode + "\", \"threads\": 2, \"isa\": \"\", \"model\": \"" + kModel +
         "\", \"inputs\": \"" + kInputs + "\", \"outputs\": \"" + outputs + '"' + more + '}';
}

std::string without(std::string text, const std::string& part, const std::string& instead = "") {
  return text.replace(text.find(part), part.size(), instead);
}

void write_model(const reference::Model<>& model) {
  lstm_ref::Model file = {model.config, {}};
  for (std::size_t i = 0; i < model.views.size(); ++i)
    file.tensors.push_back({model.views[i].name, model.views[i].shape, model.data[i]});
  file.save(kModel);
}

void write_inputs(const lstm_ref::Config& config, const reference::Case<>& one) {
  const lstm_ref::Shape state = {config.state_rows(), one.B, config.hidden_size};
  std::vector<lstm_ref::TensorView> tensors = {{"x", lstm_ref::Dtype::kFloat32, {one.T, one.B, config.input_size}, one.x.data()}};
  if (!one.h_0.empty()) {
    tensors.push_back({"h_0", lstm_ref::Dtype::kFloat32, state, one.h_0.data()});
    tensors.push_back({"c_0", lstm_ref::Dtype::kFloat32, state, one.c_0.data()});
  }
  lstm_ref::safetensors::write(kInputs, {}, tensors);
}

std::vector<float> read_outputs() {
  const std::string bytes = lstm_ref::read_file(kOutputs);
  const auto container = lstm_ref::safetensors::parse(bytes);
  CHECK_EQ(container.tensors.size(), 1u);
  CHECK_EQ(container.tensors[0].name, "y");
  return lstm_ref::safetensors::read_reals<float>(container.tensors[0]);
}

reference::Case<> random_x(const lstm_ref::Config& config, std::int64_t T, std::int64_t B) {
  reference::Case<> one = reference::random_case(config, T, B);
  one.h_0 = one.c_0 = {};
  return one;
}

void check_samples(const std::string& answer) {
  const auto value = json::Value::parse(answer);
  CHECK(value && value->kind() == json::Kind::object);
  const auto members = value->members();
  const json::Value* samples = json::find(members, "samples");
  CHECK(samples && samples->kind() == json::Kind::array);
  CHECK(samples->elements().size() >= 5);
  for (const json::Value& sample : samples->elements()) CHECK(std::stod(std::string(sample.text())) > 0);
}

void test_outputs() {
  for (const bool bidirectional : {false, true}) {
    const reference::Model<> model({7, 20, 2, true, false, bidirectional});
    const reference::Case<> one = random_x(model.config, 9, 3);
    write_model(model);
    write_inputs(model.config, one);
    const std::vector<float> wanted = run_reference(model, one).y;
    for (const char* mode : {"sequence", "step"}) {
      std::remove(kOutputs);
      const Lines lines = talk({R"({"request": "start"})", prepare(mode), R"({"request": "time", "seconds": 0.001})",
                                prepare(mode), R"({"request": "stop"})", R"({"request": "start"})"});
      CHECK_EQ(lines.size(), 6u);
      CHECK_EQ(lines[0], "{\"name\": \"lstm_ref C++\", \"version\": \"" LSTM_REF_VERSION "\"}");
      if (bidirectional && mode == std::string("step")) {
        CHECK_EQ(lines[1], "{\"skipped\": \"bidirectional: a stream has no reverse direction\"}");
        CHECK_EQ(lines[2], "{\"error\": \"request.request: \\\"time\\\", want prepare before it\"}");
      } else {
        CHECK_EQ(lines[1], "{\"prepared\": true}");
        check_samples(lines[2]);
        CHECK_EQ(lines[3], "{\"prepared\": true}");
        reference::check_same(read_outputs(), wanted);  // of the second preparation: nothing is carried over from the first
      }
      CHECK_EQ(lines[4], "{\"stopped\": true}");
      CHECK_EQ(lines[5], "status 0");
    }
  }
}

// The variant is the same arithmetic up to the length of a chunk: other bits only where a sum is longer than 64.
void test_unchunked() {
  for (const std::int64_t I : {64, 200}) {
    const reference::Model<> model({I, 20, 1, true, false, false});
    write_model(model);
    write_inputs(model.config, random_x(model.config, 4, 2));
    std::vector<float> y[2];
    for (const int unchunked : {0, 1}) {
      const Lines lines = talk({prepare("sequence", unchunked ? ", \"variant\": \"unchunked\"" : ", \"variant\": \"\"")});
      CHECK_EQ(lines[0], "{\"prepared\": true}");
      y[unchunked] = read_outputs();
    }
    float largest = 0;
    for (std::size_t i = 0; i < y[0].size(); ++i) largest = std::max(largest, std::fabs(y[1][i] - y[0][i]));
    CHECK(I == 64 ? largest == 0 : largest > 0 && largest < 1e-5f);
  }
}

void test_bad_requests() {
  const reference::Model<> model({2, 3, 1, true, false, false});
  write_model(model);
  write_inputs(model.config, random_x(model.config, 2, 1));
  const std::string good = prepare("step");
  const std::pair<std::string, std::string> cases[] = {
      {"", "request: invalid JSON, want a JSON object"},
      {"[]", "request: invalid JSON, want a JSON object"},
      {"{}", "request.request: missing, want start, prepare, time or stop"},
      {R"({"request": 1})", "request.request: 1, want start, prepare, time or stop"},
      {R"({"request": "halt"})", "request.request: \\\"halt\\\", want start, prepare, time or stop"},
      {R"({"request": "time"})", "request.seconds: missing, want a number above 0 and at most 3600"},
      {R"({"request": "time", "seconds": "1"})", "request.seconds: \\\"1\\\", want a number above 0 and at most 3600"},
      {R"({"request": "time", "seconds": 0})", "request.seconds: 0, want a number above 0 and at most 3600"},
      {R"({"request": "time", "seconds": 1e400})", "request.seconds: a number, want a number above 0 and at most 3600"},
      {R"({"request": "time", "seconds": 1})", "request.request: \\\"time\\\", want prepare before it"},
      {prepare("layer"), "request.mode: \\\"layer\\\", want sequence or step"},
      {without(good, "\"mode\": \"step\", "), "request.mode: missing, want sequence or step"},
      {without(good, "\"threads\": 2, "), "request.threads: missing, want an integer"},
      {without(good, "\"threads\": 2", "\"threads\": 1.5"), "request.threads: a number, want an integer"},
      {without(good, "\"threads\": 2", "\"threads\": 0"), "request.threads: 0, want an integer from 1 to 1024"},
      {without(good, "\"isa\": \"\", "), "request.isa: missing, want a string"},
      {without(good, kModel, "nowhere"), "file: cannot be read (No such file or directory), want a readable file"},
      {without(good, kInputs, kModel), "x: missing, want (T, B, I) with I = 2"},
      {prepare("step", "", "nowhere/y"), "file: cannot be written (No such file or directory), want a writable file"},
      {prepare("step", ", \"variant\": 1"), "request.variant: 1, want a string"},
      {prepare("step", ", \"variant\": \"fast\""), "request.variant: \\\"fast\\\", want unchunked, or none"},
  };
  Lines requests;
  for (const auto& [request, message] : cases) requests.push_back(request);
  const Lines lines = talk(requests);
  CHECK_EQ(lines.size(), std::size(cases) + 1);
  for (std::size_t i = 0; i < std::size(cases); ++i) CHECK_EQ(lines[i], "{\"error\": \"" + cases[i].second + "\"}");
  CHECK_EQ(lines.back(), "status 0");  // the input's end

  // After a failure the work that was prepared before is gone, and the next request is answered.
  const Lines after = talk({good, prepare("layer"), R"({"request": "time", "seconds": 0.001})", good});
  CHECK_EQ(after[2], "{\"error\": \"request.request: \\\"time\\\", want prepare before it\"}");
  CHECK_EQ(after[3], "{\"prepared\": true}");
  std::string names;
  for (const std::string& isa : lstm_ref::available_isas()) names += (names.empty() ? "" : ", ") + isa;
  CHECK_EQ(talk({without(good, "\"isa\": \"\"", "\"isa\": \"mmx\"")})[0],
           "{\"error\": \"isa: \\\"mmx\\\", want one of " + names + "\"}");
}

void test_skipped() {
  const reference::Model<> model({2, 3, 1, true, true, false});
  write_model(model);
  write_inputs(model.config, random_x(model.config, 2, 1));
  CHECK_EQ(talk({prepare("sequence")})[0], "{\"skipped\": \"batch_first: x is (T, B, I) here\"}");

  const reference::Model<> other({2, 3, 1, true, false, false});
  write_model(other);
  write_inputs(other.config, reference::random_case(other.config, 2, 1));
  CHECK_EQ(talk({prepare("sequence")})[0], "{\"skipped\": \"h_0, c_0 and lengths: x alone is measured\"}");
  write_inputs(other.config, random_x(other.config, 0, 1));
  CHECK_EQ(talk({prepare("step")})[0], "{\"skipped\": \"T or B is 0: there is nothing to measure\"}");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  worker = argv[1];
  test_outputs();
  test_unchunked();
  test_bad_requests();
  test_skipped();
  return check::summary();
}
