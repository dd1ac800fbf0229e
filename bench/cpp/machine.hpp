// What the machine can do: the ceilings that the kernels are held against.
#pragma once

#include <cstdint>

#include "instruction_set.hpp"

namespace lstm_ref::bench {

// Fused multiply-adds on registers alone, two operations each: GFLOP/s, the best of several numbers of independent sums.
// baseline makes its fma of float64 operations (spec N2): its peak is that of this emulation.
double fma_peak(const InstructionSet& isa, double seconds, int num_threads = 1);

// The rate at which `bytes` of memory, read again and again, come into the registers: GB/s (10^9 bytes), the best of several
// patterns (sequential, several streams, with and without prefetch, back and forth). With more threads each reads a part of its
// own. bytes is rounded down to a multiple of 512 for each thread, and at least that.
double read_bandwidth(const InstructionSet& isa, std::int64_t bytes, double seconds, int num_threads = 1);

// What parts of a step take at least, in ns.
struct StepTimes {
  double unit;     // the activations of a unit (N5), (N6), among many in lockstep: three times sigmoid, twice tanh
  double latency;  // those of one vector, one after the other: a gate, then tanh of the new cell state
  double term;     // a fused multiply-add that waits for the one before it
};
StepTimes step_times(const InstructionSet& isa, double seconds);

}  // namespace lstm_ref::bench
