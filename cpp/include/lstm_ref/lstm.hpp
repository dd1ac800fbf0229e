// The networks of spec/lstm.md and spec/variants.md: weights packed once, forward passes over whole sequences.
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
  const float* h_0 = nullptr;             // (L*D, B, R); both states or neither (then +0)
  const float* c_0 = nullptr;             // (L*D, B, H), only for an LSTM
  const std::int64_t* lengths = nullptr;  // (B,), 0 <= lengths[b] <= T; absent: T for every row
};

// What forward() writes. h_n and c_n may be null; h_n may be the same array as h_0, and c_n the same as c_0. c_n is an LSTM's
// only. Any other overlap, with an input or with each other, is not allowed.
struct Outputs {
  float* y = nullptr;    // (T, B, D*R), or (B, T, D*R) when batch_first
  float* h_n = nullptr;  // (L*D, B, R)
  float* c_n = nullptr;  // (L*D, B, H)
};

// The intermediates of one layer and direction (spec/runner.md), time-major whatever batch_first says; +0 past a row's length.
// Sizes are an LSTM's; those of the other cells are in spec/variants.md. What a cell does not have is empty.
struct Trace {
  std::vector<float> z;      // (T, B, 4*H)  (2.1)
  std::vector<float> gates;  // (T, B, 4*H)  (2.2)
  std::vector<float> c;      // (T, B, H)    (2.3)
  std::vector<float> h;      // (T, B, R)    (2.4)
};

class Stream;

// A network of whatever op its configuration names. Immutable after construction; copies share the packed weights. forward() may
// run in several threads at once.
class Recurrent {
 public:
  // The tensors are those of the configuration, in any order; they are copied. Throws Error.
  Recurrent(const Config& config, const std::vector<TensorView>& tensors, const Options& options = {});
  explicit Recurrent(const Model& model, const Options& options = {});

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

// The same, for those who expect one op: another one's configuration or model is refused.
template <Op op>
class RecurrentOf : public Recurrent {
 public:
  RecurrentOf(const Config& config, const std::vector<TensorView>& tensors, const Options& options = {})
      : Recurrent(expected(config), tensors, options) {}
  explicit RecurrentOf(const Model& model, const Options& options = {}) : Recurrent(model, options) { expected(this->config()); }

 private:
  static const Config& expected(const Config& config) {
    if (config.op != op) throw Error("op", std::string("\"") + name_of(config.op) + '"', std::string("\"") + name_of(op) + '"');
    return config;
  }
};

using LSTM = RecurrentOf<Op::kLstm>;
using GRU = RecurrentOf<Op::kGru>;
using RNN = RecurrentOf<Op::kRnn>;

// The state of `batch` sequences and whatever a step needs: nothing is allocated after construction. Streams of one network are
// independent of each other; one stream is for one thread at a time.
class Stream {
 public:
  Stream(const Recurrent& network, std::int64_t batch);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  std::int64_t batch() const;

  // x (B, I), y (B, R), which must not overlap. The same bits as forward() over the whole sequence.
  void step(const float* x, float* y);

  // (L, B, R) and (L, B, H); only an LSTM has c.
  void state(float* h, float* c = nullptr) const;            // copied out
  void set_state(const float* h, const float* c = nullptr);  // copied in; all or nothing (then +0). Throws Error
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lstm_ref
