// Round-to-nearest, no flush to zero, no denormals-are-zero, no traps, for as long as this object lives (N7); then the
// caller's environment again. One on each thread that computes. Where the caller's is the same nothing is switched, which would
// cost as much as a tenth of a small step.
#pragma once

#if defined(LSTM_REF_X86_64)
#include <xmmintrin.h>
#endif
#include <cfenv>
#include <cstdint>

namespace lstm_ref {

class FpEnvironment {
 public:
  FpEnvironment() : callers_(get()), is_foreign_(!is_default(callers_)) {
    if (is_foreign_) set(kDefault);
  }
  ~FpEnvironment() {
    if (is_foreign_) set(callers_);
  }
  FpEnvironment(const FpEnvironment&) = delete;
  FpEnvironment& operator=(const FpEnvironment&) = delete;

 private:
  // The empty assembly keeps the compiler from moving loads, and so arithmetic, across the switch.
#if defined(LSTM_REF_X86_64)
  using State = std::uint32_t;
  static constexpr State kDefault = 0x1f80;      // MXCSR: all exceptions masked, everything else off
  static constexpr std::uint32_t kFlags = 0x3f;  // what happened so far, which changes nothing
  static bool is_default(State state) { return (state & ~kFlags) == kDefault; }
  static State get() { return _mm_getcsr(); }
  static void set(State state) {
    asm volatile("" ::: "memory");
    _mm_setcsr(state);
    asm volatile("" ::: "memory");
  }
#elif defined(LSTM_REF_ARM64)
  using State = std::uint64_t;
  static constexpr State kDefault = 0;  // FPCR
  static bool is_default(State state) { return state == kDefault; }
  static State get() {
    State state;
    asm volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void set(State state) { asm volatile("msr fpcr, %0" : : "r"(state) : "memory"); }
#else
  struct State {
    bool is_default;
    std::fenv_t environment;
  };
  static constexpr State kDefault = {true, {}};
  static bool is_default(const State&) { return false; }  // nothing says so
  static State get() {
    State state = {false, {}};
    std::fegetenv(&state.environment);
    return state;
  }
  static void set(const State& state) {
    asm volatile("" ::: "memory");
    std::fesetenv(state.is_default ? FE_DFL_ENV : &state.environment);
    asm volatile("" ::: "memory");
  }
#endif
  const State callers_;
  const bool is_foreign_;
};

// The same for reading and writing decimals, which the C library of x86 does by the rounding mode of the x87, too.
class DecimalEnvironment {
 public:
  DecimalEnvironment() {
    std::fegetenv(&callers_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DecimalEnvironment() { std::fesetenv(&callers_); }
  DecimalEnvironment(const DecimalEnvironment&) = delete;
  DecimalEnvironment& operator=(const DecimalEnvironment&) = delete;

 private:
  std::fenv_t callers_;
};

}  // namespace lstm_ref
