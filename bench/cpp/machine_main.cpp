// lstm-ref-bench-machine: times of parts of a step, fma peak and read bandwidth of this machine, as JSON.
#include <cstdio>
#include <iostream>
#include <vector>

#include "instruction_sets.hpp"
#include "machine.hpp"
#include "options.hpp"

namespace {

using namespace lstm_ref::bench;

constexpr const char* kHelp =
    "usage: lstm-ref-bench-machine [--threads N] [--seconds S]\n\n"
    "Prints {\"fma_peak_gflops\": {ISA: x, ...}, \"step\": {ISA: {\"unit_ns\": x, \"latency_ns\": x, \"term_ns\": x}, ...},\n"
    "\"read_bandwidth\": [{\"bytes\": n, \"gb_per_s\": x}, ...]}.\n"
    "--threads N   that many threads at once, each with a part of the bytes (1)\n"
    "--seconds S   time for each number (0.15)\n";

// 16 KB, 24, 32, 48, 64, 96, ... 64 MB
std::vector<std::int64_t> sizes() {
  constexpr std::int64_t kSmallest = 16 << 10, kLargest = 64 << 20;
  std::vector<std::int64_t> sizes;
  for (std::int64_t bytes = kSmallest; bytes < kLargest; bytes *= 2) {
    sizes.push_back(bytes);
    sizes.push_back(bytes / 2 * 3);
  }
  sizes.push_back(kLargest);
  return sizes;
}

int program(int argc, char** argv) {
  const Options options(argc, argv, {"--threads", "--seconds"}, {"--help"});
  if (options.has("--help")) {
    std::cout << kHelp;
    return 0;
  }
  const int threads = static_cast<int>(options.integer("--threads", 1, 1024, 1));
  const double seconds = options.seconds("--seconds", 0.15);
  const char* separator = "";
  std::printf("{\"threads\": %d, \"fma_peak_gflops\": {", threads);
  for (const InstructionSet* isa : instruction_sets()) {
    std::printf("%s\"%s\": %.1f", separator, isa->name, fma_peak(*isa, seconds, threads));
    separator = ", ";
  }
  std::printf("}, \"step\": {");
  separator = "";
  for (const InstructionSet* isa : instruction_sets()) {
    const StepTimes times = step_times(*isa, seconds);
    std::printf("%s\"%s\": {\"unit_ns\": %.4f, \"latency_ns\": %.3f, \"term_ns\": %.4f}", separator, isa->name, times.unit,
                times.latency, times.term);
    separator = ", ";
  }
  std::printf("}, \"read_bandwidth\": [");
  separator = "";
  for (const std::int64_t bytes : sizes()) {
    const double gb_per_s = read_bandwidth(*instruction_sets().back(), bytes, seconds, threads);
    std::printf("%s{\"bytes\": %lld, \"gb_per_s\": %.1f}", separator, static_cast<long long>(bytes), gb_per_s);
    separator = ", ";
  }
  std::printf("]}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run_program("lstm-ref-bench-machine", argc, argv, program); }
