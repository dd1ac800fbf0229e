// lstm-ref-bench-kernels: each kernel by itself, with every instruction set of this machine. A kernel is timed only when it has
// given the bits of the baseline kernel on the same numbers; otherwise the program says where they differ and ends with 1.
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compare.hpp"
#include "instruction_sets.hpp"
#include "kernel_benchmarks.hpp"
#include "lstm_ref/error.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "timing.hpp"

namespace {

using namespace lstm_ref;
using namespace lstm_ref::bench;

constexpr const char* kHelp =
    "usage: lstm-ref-bench-kernels [--only KERNEL] [--isa ISA] [--up-to H] [--seconds S] [--json]\n\n"
    "--only KERNEL   one of gemv, gemm, cell, step, sigmoid, tanh, pack (all)\n"
    "--isa ISA       one instruction set (all of this machine)\n"
    "--up-to H       hidden sizes up to this one (1024)\n"
    "--seconds S     time for each measurement (0.1)\n"
    "--json          JSON instead of a table\n";

// ---- The machine's limits, measured when first asked for ----

class Limits {
 public:
  Limits(const InstructionSet& isa, double seconds) : isa_(isa), seconds_(seconds) {}
  double flops() {
    if (peak_ == 0) peak_ = 1e9 * fma_peak(isa_, seconds_);
    return peak_;
  }
  double bytes(std::int64_t bytes) {
    double& rate = rates_[bytes];
    if (rate == 0) rate = 1e9 * read_bandwidth(isa_, bytes, 5 * seconds_);
    return rate;
  }

 private:
  const InstructionSet& isa_;
  double seconds_, peak_ = 0;
  std::map<std::int64_t, double> rates_;
};

// ---- Reports ----

struct Result {
  const Benchmark& benchmark;
  const InstructionSet& isa;
  Quartiles ns;                                                        // for each `per`
  double flops_per_s, share_of_peak, bytes_per_s, share_of_bandwidth;  // 0: not told
};

Result measure(const Benchmark& benchmark, const InstructionSet& isa, const Work& work, double seconds, Limits& limits) {
  const Quartiles run = quartiles(sample(seconds, work.run));
  const double scale = 1e9 / benchmark.count, flops = benchmark.flops / run.median, bytes = benchmark.bytes / run.median;
  Result result = {benchmark, isa, {scale * run.low, scale * run.median, scale * run.high}, flops, 0, bytes, 0};
  if (flops > 0) result.share_of_peak = flops / limits.flops();
  if (bytes > 0) result.share_of_bandwidth = bytes / limits.bytes(static_cast<std::int64_t>(benchmark.bytes));
  return result;
}

void print_heading() {
  std::printf("%-8s %5s %5s %5s  %-9s %12s %25s  %-14s %8s %6s %6s %6s\n", "kernel", "H", "K", "rows", "isa", "ns", "quartiles",
              "per", "GFLOP/s", "peak", "GB/s", "limit");
}

void print_row(const Result& result) {
  const Benchmark& one = result.benchmark;
  std::printf("%-8s", one.kernel.c_str());
  for (const std::int64_t size : {one.H, one.K, one.rows}) std::printf(" %5s", size ? std::to_string(size).c_str() : "");
  std::printf("  %-9s %12.5g %11.5g - %11.5g  %-14s", result.isa.name, result.ns.median, result.ns.low, result.ns.high,
              one.per.c_str());
  if (one.flops > 0) std::printf(" %8.1f %5.0f%%", 1e-9 * result.flops_per_s, 100 * result.share_of_peak);
  if (one.bytes > 0) std::printf(" %6.1f %5.0f%%", 1e-9 * result.bytes_per_s, 100 * result.share_of_bandwidth);
  std::printf("\n");
  std::fflush(stdout);
}

void print_json(const Result& result, bool first) {
  const Benchmark& one = result.benchmark;
  std::printf("%s {\"kernel\": \"%s\"", first ? "" : ",\n", one.kernel.c_str());
  const std::pair<const char*, std::int64_t> sizes[] = {{"hidden_size", one.H}, {"inputs", one.K}, {"rows", one.rows}};
  for (const auto& [name, size] : sizes) {
    if (size) std::printf(", \"%s\": %lld", name, static_cast<long long>(size));
  }
  std::printf(", \"isa\": \"%s\", \"per\": \"%s\", \"ns\": %.5g, \"ns_low\": %.5g, \"ns_high\": %.5g", result.isa.name,
              one.per.c_str(), result.ns.median, result.ns.low, result.ns.high);
  if (one.flops > 0) std::printf(", \"gflops\": %.4g, \"share_of_peak\": %.3f", 1e-9 * result.flops_per_s, result.share_of_peak);
  if (one.bytes > 0) {
    std::printf(", \"gb_per_s\": %.4g, \"share_of_bandwidth\": %.3f", 1e-9 * result.bytes_per_s, result.share_of_bandwidth);
  }
  std::printf("}");
}

// ---- The program ----

std::string checked_kernel(const std::string& name) {  // empty: all of them
  std::string names;
  for (const char* kernel : kKernelNames) {
    if (name == kernel) return name;
    names += (names.empty() ? "" : ", ") + std::string(kernel);
  }
  if (!name.empty()) throw Error("--only", '"' + name + '"', "one of " + names);
  return name;
}

// Whether the kernel gives the baseline's bits; says where not.
bool verified(const Benchmark& benchmark, const InstructionSet& isa, const std::vector<float>& got,
              const std::vector<float>& wanted) {
  const std::int64_t place = first_difference(got.data(), wanted.data(), static_cast<std::int64_t>(wanted.size()));
  if (place < 0) return true;
  std::fprintf(stderr, "%s, H %lld, K %lld, rows %lld, %s: differs from baseline first at element %lld: %.9g, want %.9g\n",
               benchmark.kernel.c_str(), static_cast<long long>(benchmark.H), static_cast<long long>(benchmark.K),
               static_cast<long long>(benchmark.rows), isa.name, static_cast<long long>(place), got[place], wanted[place]);
  return false;
}

int program(int argc, char** argv) {
  const Options options(argc, argv, {"--only", "--isa", "--up-to", "--seconds"}, {"--json", "--help"});
  if (options.has("--help")) {
    std::cout << kHelp;
    return 0;
  }
  const bool json = options.has("--json");
  const double seconds = options.seconds("--seconds", 0.1);
  const std::int64_t largest = options.integer("--up-to", 1, 1024, 1024);
  const std::string only = checked_kernel(options.text("--only"));
  const auto sets = options.has("--isa") ? std::vector<const InstructionSet*>{&find_instruction_set(options.text("--isa"))}
                                         : instruction_sets();
  const InstructionSet& baseline = *instruction_sets().front();
  std::map<std::string, Limits> limits;
  for (const InstructionSet* isa : sets) limits.emplace(isa->name, Limits(*isa, seconds));

  if (json) {
    std::printf("{\"kernels\": [");
  } else {
    print_heading();
  }
  bool first = true;
  for (const Benchmark& one : kernel_benchmarks()) {
    if ((!only.empty() && one.kernel != only) || one.H > largest) continue;
    const std::vector<float> wanted = one.on(baseline).result();
    for (const InstructionSet* isa : sets) {
      const Work work = one.on(*isa);
      if (!verified(one, *isa, work.result(), wanted)) return 1;
      const Result result = measure(one, *isa, work, seconds, limits.at(isa->name));
      if (json) {
        print_json(result, std::exchange(first, false));
      } else {
        print_row(result);
      }
    }
  }
  if (json) std::printf("]}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run_program("lstm-ref-bench-kernels", argc, argv, program); }
