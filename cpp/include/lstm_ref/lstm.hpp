// The LSTM of spec/lstm.md: weights packed once, forward passes over whole sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lstm_ref/config.hpp"
#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref {

struct Model;    // a model file's contents (model.hpp)
struct Kernels;  // an instruction set's kernels (src/simd/kernels.hpp)

struct Options {
  std::string isa;                   // one of available_isas(); empty: LSTM_REF_ISA, or else the fastest
  int num_threads = 1;               // 1 to 1024 that share out the work, where there is enough of it
  const Kernels* kernels = nullptr;  // instead of those of an instruction set: for benchmarks of other kernels
};

// What forward() reads. Arrays are row-major float32.
struct Inputs {
  std::int64_t T = 0, B = 0;
  const float* x = nullptr;               // (T, B, I), or (B, T, I) when batch_first
  const float* h_0 = nullptr;             // (L*D, B, H); both states or neither (then +0)
  const float* c_0 = nullptr;             // (L*D, B, H)
  const std::int64_t* lengths = nullptr;  // (B,), 0 <= lengths[b] <= T; absent: T for every row
};

// What forward() writes. h_n and c_n may be null; h_n may be the same array as h_0, and c_n the same as c_0.
// Any other overlap, with an input or with each other, is not allowed.
struct Outputs {
  float* y = nullptr;    // (T, B, D*H), or (B, T, D*H) when batch_first
  float* h_n = nullptr;  // (L*D, B, H)
  float* c_n = nullptr;  // (L*D, B, H)
};

// The intermediates of one layer and direction (spec/runner.md), time-major whatever batch_first says; +0 past a row's length.
struct Trace {
  std::vector<float> z;      // (T, B, 4*H)  (2.1)
  std::vector<float> gates;  // (T, B, 4*H)  (2.2)
  std::vector<float> c;      // (T, B, H)    (2.3)
  std::vector<float> h;      // (T, B, H)    (2.4)
};

class Stream;

// Immutable after construction; copies share the packed weights. forward() may run in several threads at once.
class LSTM {
 public:
  // The tensors are those of the configuration, in any order; they are copied. Throws Error.
  LSTM(const Config& config, const std::vector<TensorView>& tensors, const Options& options = {});
  explicit LSTM(const Model& model, const Options& options = {});

  const Config& config() const;
  const std::string& isa() const;
  int num_threads() const;

  // Throws Error before anything is written. `trace`, if given, receives L*D entries, layer l and direction d at l*D + d.
  void forward(const Inputs& inputs, const Outputs& outputs, std::vector<Trace>* trace = nullptr) const;

  // A sequence that arrives a step at a time, its state +0 at first. Throws Error if the model is bidirectional.
  Stream stream(std::int64_t batch = 1) const;

 private:
  friend class Stream;
  struct Engine;
  std::shared_ptr<const Engine> engine_;
};

// The state of `batch` sequences and whatever a step needs: nothing is allocated after construction. Streams of one LSTM are
// independent of each other; one stream is for one thread at a time.
class Stream {
 public:
  Stream(const LSTM& lstm, std::int64_t batch);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  std::int64_t batch() const;

  // x (B, I), y (B, H), which must not overlap. The same bits as forward() over the whole sequence.
  void step(const float* x, float* y);

  void state(float* h, float* c) const;            // copied out, (L, B, H) each
  void set_state(const float* h, const float* c);  // copied in; both or neither (then +0). Throws Error
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lstm_ref
