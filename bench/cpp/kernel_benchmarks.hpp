// The kernels, each by itself on data of its own, ready to be compared and timed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "instruction_set.hpp"

namespace lstm_ref::bench {

// A kernel on its data with one instruction set.
struct Work {
  std::function<std::vector<float>()>
      result;                 // computes once, from the start; the same numbers in the same order for every instruction set
  std::function<void()> run;  // what is timed
};

struct Benchmark {
  std::string kernel;                             // "gemv"
  std::int64_t H, K, rows;                        // 0: has none
  std::string per;                                // what the time is that of: a call of the kernel, an element, ...
  double count;                                   // how many of these one run makes
  double flops, bytes;                            // of one run; 0: not told. bytes are those of the weights
  std::function<Work(const InstructionSet&)> on;  // with that instruction set
};

constexpr const char* kKernelNames[] = {"gemv", "gemm", "cell", "step", "sigmoid", "tanh", "pack"};

std::vector<Benchmark> kernel_benchmarks();

}  // namespace lstm_ref::bench
