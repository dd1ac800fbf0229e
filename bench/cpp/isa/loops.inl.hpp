// Loops over an instruction set's vectors: Vec, Wide, fma, load, sigmoid and the others are those of its kernel source.
// As there, everything has internal linkage.
#include "instruction_set.hpp"

namespace lstm_ref::bench {
namespace {

// Independent sums in registers. They tend to 1 and are stored at the end, so that nothing can be left out or foreseen.
template <int kSums>
void fma_loop(std::int64_t count, float* result) {
  const Vec factor = splat(0.75f), addend = splat(0.25f);
  Vec sums[kSums];
  for (int v = 0; v < kSums; ++v) sums[v] = splat(static_cast<float>(v));
  for (; count > 0; --count) {
#pragma GCC unroll 32
    for (int v = 0; v < kSums; ++v) sums[v] = fma(sums[v], factor, addend);
  }
  for (int v = 1; v < kSums; ++v) sums[0] = sums[0] + sums[v];
  store(result, sums[0]);
}

// kStreams consecutive parts of the data side by side, fetched ahead by kAhead bytes unless that is 0; each is read front to
// back, or back to front. What is loaded goes into a bitwise sum, one operation for a vector.
template <int kStreams, int kAhead, bool kBackwards>
void read_once(const float* data, std::int64_t count, float* result) {
  constexpr int kVectors = 8 / kStreams;  // of each stream at a time
  constexpr int kLine = 64 / sizeof(float);
  const std::int64_t stream_size = count / kStreams, turn = kVectors * kLanes;
  UVec sums[8] = {};
  for (std::int64_t i = 0; i < stream_size; i += turn) {
    const float* const at = data + (kBackwards ? stream_size - turn - i : i);
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      const float* const from = at + (v / kVectors) * stream_size + (v % kVectors) * kLanes;
      sums[v] ^= bits(load(from));
      if (kAhead > 0 && v % kVectors * kLanes % kLine == 0) __builtin_prefetch(reinterpret_cast<const char*>(from) + kAhead);
    }
  }
  for (int v = 1; v < 8; ++v) sums[0] ^= sums[v];
  store(result, to_real(sums[0]));
}

template <int kStreams, int kAhead>
constexpr ReadLoop again() {
  return {read_once<kStreams, kAhead, false>, read_once<kStreams, kAhead, false>};
}
// What was read last, and is still in a cache, is read first the next time.
template <int kStreams>
constexpr ReadLoop back_and_forth() {
  return {read_once<kStreams, 0, false>, read_once<kStreams, 0, true>};
}

struct Sigmoid {
  template <int M>
  static LSTM_REF_INLINE Wide<M> of(Wide<M> x) {
    return sigmoid(x);
  }
};
struct Tanh {
  template <int M>
  static LSTM_REF_INLINE Wide<M> of(Wide<M> x) {
    return tanh(x);
  }
};

// As many vectors in lockstep as in the pointwise step.
template <class Function>
void array(const float* x, float* y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += kWide * kLanes) {
    const Wide<kWide> results = Function::of(each<kWide>([&](int m) { return load(x + i + m * kLanes); }));
    for (int m = 0; m < kWide; ++m) store(y + i + m * kLanes, results.v[m]);
  }
}

template <class Function>
void chain(std::int64_t count, float* x) {
  Wide<1> value = {load(x)};
  for (; count > 0; --count) value = Function::of(value);
  store(x, value.v[0]);
}

constexpr InstructionSet instruction_set(const char* name, const Kernels<Real>& unchunked) {
  return {name,
          kLanes,
          unchunked,
          {array<Sigmoid>, chain<Sigmoid>},
          {array<Tanh>, chain<Tanh>},
          {{1, fma_loop<1>}, {8, fma_loop<8>}, {12, fma_loop<12>}, {24, fma_loop<24>}},
          {again<1, 0>(), again<2, 0>(), again<4, 0>(), again<8, 0>(), again<1, 1024>(), again<2, 1024>(), again<4, 1024>(),
           back_and_forth<1>(), back_and_forth<2>()}};
}

}  // namespace
}  // namespace lstm_ref::bench
