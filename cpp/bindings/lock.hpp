// When the engine runs without the interpreter's lock.
#pragma once

#include <Python.h>
#include <unistd.h>

#include <cstdint>

#include "lstm_ref/lstm.hpp"

namespace lstm_ref::bindings {

// Giving the lock back and taking it again costs 30 ns, and up to a switch interval (5 ms) where another thread has it by then:
// worth it from some microseconds of work on. That many multiply-adds take 2 us where they are fastest.
constexpr double kWorthUnlocking = 1 << 18;

// An engine with threads may have to wait for another caller's work, so it never keeps the lock.
template <class Real>
bool worth_unlocking(const BasicRecurrent<Real>& network, std::int64_t T, std::int64_t B) {
  const Config& config = network.config();
  const double H = config.hidden_size, R = config.output_size(), D = config.directions(), L = config.num_layers;
  const double inputs = config.input_size + (L - 1) * D * R + L * R;  // of all layers, recurrent ones too
  const double work = config.gates() * H * D * inputs * T * B;
  return network.num_threads() > 1 || work >= kWorthUnlocking;
}

// Without the lock, if asked for, for as long as this object lives.
class Unlocked {
 public:
  explicit Unlocked(bool really = true) : state_(really ? PyEval_SaveThread() : nullptr) {}
  ~Unlocked() {
    if (!state_) return;
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      // The interpreter is shutting down and ends this (daemon) thread, which before Python 3.14 it does by unwinding its stack.
      // Not through ours: as later versions do, the thread stays here until the process is gone.
      while (true) pause();
    }
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const state_;
};

}  // namespace lstm_ref::bindings
