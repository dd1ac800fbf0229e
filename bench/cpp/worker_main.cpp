// lstm-ref-bench: the C++ engine as a contender of the benchmark, one JSON object a line in, one out:
//
//     {"request": "start"}                              -> {"name": ..., "version": ...}
//     {"request": "prepare", "mode": "sequence"|"step", "threads": n, "isa": ISA or "", "model": PATH, "inputs": PATH,
//      "outputs": PATH, "variant": "unchunked" or ""}   -> {"prepared": true} | {"skipped": REASON}
//     {"request": "time", "seconds": s}                 -> {"samples": [seconds per time step, ...]}
//     {"request": "stop"}                               -> {"stopped": true}, the end
//
// and {"error": MESSAGE} for whatever fails. The inputs file holds x (T, B, I) alone; the state is +0. What is prepared has been
// computed once, and its y (T, B, D*H) written to `outputs`. A run is T steps: one call of forward(), or T calls of
// Stream::step() with the state carried on from run to run; a sample is one run, or as many as last 50 us.
// "unchunked" is the same kernel source with one chunk for a whole sum: for comparison, its bits differ by intent.
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "aligned_buffer.hpp"
#include "dispatch.hpp"
#include "files/file_io.hpp"
#include "files/requests.hpp"
#include "files/safetensors.hpp"
#include "instruction_sets.hpp"
#include "lstm_ref/lstm.hpp"
#include "lstm_ref/model.hpp"
#include "timing.hpp"

namespace {

using namespace lstm_ref;

constexpr const char* kHelp =
    "usage: lstm-ref-bench [--help | --version]\n\n"
    "Answers the requests of the benchmark, one JSON object a line, on standard input and output.\n";

constexpr const char* kRequests = "start, prepare, time or stop";
constexpr const char* kModes = "sequence or step";

// What is measured: an engine, its inputs and room for its outputs.
class Job {
 public:
  Job(const Model& model, InputsFile inputs, const Kernels<float>& kernels, int num_threads, bool by_step)
      : inputs_(std::move(inputs)),
        network_(model.config, model.views(), kernels, num_threads),
        y_size_(model.config.directions() * model.config.output_size()),
        y_(checked_product(checked_product(inputs_.T, inputs_.B), y_size_)) {
    if (by_step) stream_.emplace(network_, inputs_.B);
  }

  std::int64_t steps() const { return inputs_.T; }
  TensorView y() const { return {"y", Dtype::kFloat32, {inputs_.T, inputs_.B, y_size_}, y_.data()}; }

  // All T steps: the first time from a state of +0; by step, from then on from wherever the last run ended.
  void run() {
    if (!stream_) {
      network_.forward(inputs_.view(), {y_.data(), nullptr, nullptr});
      return;
    }
    const std::int64_t x_step = inputs_.B * network_.config().input_size, y_step = inputs_.B * y_size_;
    for (std::int64_t t = 0; t < inputs_.T; ++t) stream_->step(inputs_.x.data() + t * x_step, y_.data() + t * y_step);
  }

 private:
  InputsFile inputs_;
  Recurrent network_;
  std::int64_t y_size_;
  std::vector<float> y_;  // (T, B, D*H)
  std::optional<Stream> stream_;
};

int read_threads(const Request& request) {
  const std::int64_t threads = request.integer("threads");
  if (threads < 1 || threads > 1024) throw Error("request.threads", std::to_string(threads), "an integer from 1 to 1024");
  return static_cast<int>(threads);
}

const Kernels<float>& read_kernels(const Request& request) {
  const Kernels<float>& kernels = select_kernels<float>(request.string("isa"));
  const std::string variant = request.has("variant") ? request.string("variant") : "";
  if (variant == "unchunked") return bench::find_instruction_set(kernels.name).unchunked;
  if (!variant.empty()) throw Error("request.variant", '"' + variant + '"', "unchunked, or none");
  return kernels;
}

std::string skipped(const std::string& reason) { return "\"skipped\": " + json::quote(reason); }

class Worker {
 public:
  Answer answer(const Request& request) {
    const std::string name = request.string("request", kRequests);
    if (name == "start") return {R"("name": "lstm_ref C++", "version": ")" LSTM_REF_VERSION "\""};
    if (name == "prepare") return {prepare(request)};
    if (name == "time") return {time(request)};
    if (name == "stop") return {"\"stopped\": true", true};
    throw Error("request.request", request.describe("request"), kRequests);
  }

 private:
  std::string prepare(const Request& request) {
    job_.reset();
    const std::string mode = request.string("mode", kModes);
    if (mode != "sequence" && mode != "step") throw Error("request.mode", request.describe("mode"), kModes);
    const int num_threads = read_threads(request);
    const Kernels<float>& kernels = read_kernels(request);
    const Model model = Model::parse(read_file(request.string("model")));
    InputsFile inputs = InputsFile::parse(read_file(request.string("inputs")), model.config);
    if (model.config.batch_first) return skipped("batch_first: x is (T, B, I) here");
    if (!inputs.h_0.empty() || !inputs.lengths.empty()) return skipped("h_0, c_0 and lengths: x alone is measured");
    if (inputs.T * inputs.B == 0) return skipped("T or B is 0: there is nothing to measure");
    if (mode == "step" && model.config.bidirectional) return skipped("bidirectional: a stream has no reverse direction");

    auto job = std::make_unique<Job>(model, std::move(inputs), kernels, num_threads, mode == "step");
    job->run();
    safetensors::write(request.string("outputs"), {}, {job->y()});
    job_ = std::move(job);
    return "\"prepared\": true";
  }

  std::string time(const Request& request) {
    constexpr const char* kSeconds = "a number above 0 and at most 3600";
    const double seconds = request.number("seconds", kSeconds);
    if (!(seconds > 0 && seconds <= 3600)) throw Error("request.seconds", request.describe("seconds"), kSeconds);
    if (!job_) throw Error("request.request", "\"time\"", "prepare before it");
    std::ostringstream samples;
    const char* separator = "";
    for (const double sample : bench::sample(seconds, [&] { job_->run(); })) {
      samples << separator << sample / static_cast<double>(job_->steps());
      separator = ", ";
    }
    return "\"samples\": [" + samples.str() + ']';
  }

  std::unique_ptr<Job> job_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (option == "--version") {
    std::cout << "lstm-ref-bench " LSTM_REF_VERSION "\n";
    return 0;
  }
  if (!option.empty()) {
    (option == "--help" ? std::cout : std::cerr) << kHelp;
    return option == "--help" ? 0 : 2;
  }
  std::ios::sync_with_stdio(false);
  Worker worker;
  serve(std::cin, std::cout, [&](const Request& request) { return worker.answer(request); });
  return 0;
}
