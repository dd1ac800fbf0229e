// The networks of spec/lstm.md and spec/variants.md: weights packed once, forward passes over whole sequences.
//
// Real is the type of all numbers, float or double; a configuration's dtype must agree. The names without Basic are for float,
// those with 64 for double.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lstm_ref/config.hpp"
#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref {

template <class Real>
struct BasicModel;  // a model file's contents (model.hpp)
template <class Real>
struct Kernels;  // an instruction set's kernels (src/simd/kernels.hpp)

struct Options {
  std::string isa;      // one of available_isas(); empty: LSTM_REF_ISA, or else the fastest
  int num_threads = 1;  // 1 to 1024 that share out the work, where there is enough of it
};

// What forward() reads. Arrays are row-major.
template <class Real>
struct BasicInputs {
  std::int64_t T = 0, B = 0;
  const Real* x = nullptr;                // (T, B, I), or (B, T, I) when batch_first
  const Real* h_0 = nullptr;              // (L*D, B, R); both states or neither (then +0)
  const Real* c_0 = nullptr;              // (L*D, B, H), only for an LSTM
  const std::int64_t* lengths = nullptr;  // (B,), 0 <= lengths[b] <= T; absent: T for every row
  // Of a training run, with dropout or zoneout: a seed >= 0, or all masks as mask_spec() lists them. With neither it evaluates.
  std::optional<std::int64_t> seed = {};
  std::vector<const Real*> masks = {};
};

// What forward() writes. h_n and c_n may be null; h_n may be the same array as h_0, and c_n the same as c_0. c_n is an LSTM's
// only. Any other overlap, with an input or with each other, is not allowed.
template <class Real>
struct BasicOutputs {
  Real* y = nullptr;    // (T, B, D*R), or (B, T, D*R) when batch_first
  Real* h_n = nullptr;  // (L*D, B, R)
  Real* c_n = nullptr;  // (L*D, B, H)
};

// The intermediates of one layer and direction (spec/runner.md), time-major whatever batch_first says; +0 past a row's length.
// Sizes are an LSTM's; those of the other cells are in spec/variants.md. What a cell does not have is empty.
template <class Real>
struct BasicTrace {
  std::vector<Real> z;      // (T, B, 4*H)  (2.1)
  std::vector<Real> gates;  // (T, B, 4*H)  (2.2)
  std::vector<Real> c;      // (T, B, H)    (2.3)
  std::vector<Real> h;      // (T, B, R)    (2.4)
};

template <class Real>
class BasicStream;

// A network of whatever op its configuration names. Immutable after construction; copies share the packed weights. forward() may
// run in several threads at once.
template <class Real>
class BasicRecurrent {
 public:
  // The tensors are those of the configuration, in any order; they are copied. Throws Error.
  BasicRecurrent(const Config& config, const std::vector<TensorView>& tensors, const Options& options = {});
  explicit BasicRecurrent(const BasicModel<Real>& model, const Options& options = {});

  // With other kernels than an instruction set's: for benchmarks.
  BasicRecurrent(const Config& config, const std::vector<TensorView>& tensors, const Kernels<Real>& kernels, int num_threads);

  const Config& config() const;
  const std::string& isa() const;
  int num_threads() const;

  // Throws Error before anything is written. `trace`, if given, receives L*D entries, layer l and direction d at l*D + d.
  void forward(const BasicInputs<Real>& inputs, const BasicOutputs<Real>& outputs,
               std::vector<BasicTrace<Real>>* trace = nullptr) const;

  // A sequence that arrives a step at a time, its state +0 at first. Throws Error if the model is bidirectional.
  BasicStream<Real> stream(std::int64_t batch = 1) const;

 private:
  friend class BasicStream<Real>;
  struct Engine;
  std::shared_ptr<const Engine> engine_;
};

// The same, for those who expect one op: another one's configuration or model is refused.
template <Op op, class Real = float>
class RecurrentOf : public BasicRecurrent<Real> {
 public:
  RecurrentOf(const Config& config, const std::vector<TensorView>& tensors, const Options& options = {})
      : BasicRecurrent<Real>(expected(config), tensors, options) {}
  explicit RecurrentOf(const BasicModel<Real>& model, const Options& options = {}) : BasicRecurrent<Real>(model, options) {
    expected(this->config());
  }

 private:
  static const Config& expected(const Config& config) {
    if (config.op != op) throw Error("op", std::string("\"") + name_of(config.op) + '"', std::string("\"") + name_of(op) + '"');
    return config;
  }
};

// The state of `batch` sequences and whatever a step needs: nothing is allocated after construction. Streams of one network are
// independent of each other; one stream is for one thread at a time.
template <class Real>
class BasicStream {
 public:
  BasicStream(const BasicRecurrent<Real>& network, std::int64_t batch);
  BasicStream(BasicStream&&) noexcept;
  BasicStream& operator=(BasicStream&&) noexcept;
  ~BasicStream();

  std::int64_t batch() const;

  // x (B, I), y (B, R), which must not overlap. The same bits as forward() over the whole sequence.
  void step(const Real* x, Real* y);

  // (L, B, R) and (L, B, H); only an LSTM has c.
  void state(Real* h, Real* c = nullptr) const;            // copied out
  void set_state(const Real* h, const Real* c = nullptr);  // copied in; all or nothing (then +0). Throws Error
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using Inputs = BasicInputs<float>;
using Outputs = BasicOutputs<float>;
using Trace = BasicTrace<float>;
using Recurrent = BasicRecurrent<float>;
using LSTM = RecurrentOf<Op::kLstm>;
using GRU = RecurrentOf<Op::kGru>;
using RNN = RecurrentOf<Op::kRnn>;
using Stream = BasicStream<float>;

using Inputs64 = BasicInputs<double>;
using Outputs64 = BasicOutputs<double>;
using Trace64 = BasicTrace<double>;
using Recurrent64 = BasicRecurrent<double>;
using LSTM64 = RecurrentOf<Op::kLstm, double>;
using GRU64 = RecurrentOf<Op::kGru, double>;
using RNN64 = RecurrentOf<Op::kRnn, double>;
using Stream64 = BasicStream<double>;

}  // namespace lstm_ref
