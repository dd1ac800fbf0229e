// What the benchmarks need of an instruction set beside the library's kernels: one table for each (isa/).
#pragma once

#include <cstdint>

#include "simd/kernels.hpp"

namespace lstm_ref::bench {

// Computes and loads nothing but `count` times `sums` independent fused multiply-adds of one vector each.
struct FmaLoop {
  int sums;
  void (*run)(std::int64_t count, float* result);  // result (lanes,)
};

// Reads the floats data[0, count) once, in some pattern, front to back or back to front; count is a multiple of kReadGranularity.
struct ReadLoop {
  void (*forth)(const float* data, std::int64_t count, float* result);  // result (lanes,)
  void (*back)(const float* data, std::int64_t count, float* result);   // after each `forth`; the same again, in most patterns
};
constexpr std::int64_t kReadGranularity = 128;  // floats

struct Activation {
  void (*array)(const float* x, float* y, std::int64_t count);  // y[i] = activation(x[i]); count is a multiple of 8 * lanes
  void (*chain)(std::int64_t count, float* x);                  // x (lanes,) becomes the activation of itself, count times
};

constexpr int kFmaLoops = 4, kReadLoops = 9;

struct InstructionSet {
  const char* name;  // as in available_isas()
  int lanes;
  const Kernels<float>& unchunked;  // the kernels with one chunk for a whole sum: their bits differ by intent
  Activation sigmoid, tanh;
  FmaLoop fma_loops[kFmaLoops];
  ReadLoop read_loops[kReadLoops];
};

extern const InstructionSet kBaseline;
#if defined(LSTM_REF_X86_64)
extern const InstructionSet kAvx2, kAvx512;
#elif defined(LSTM_REF_ARM64)
extern const InstructionSet kNeon;
#endif

}  // namespace lstm_ref::bench
