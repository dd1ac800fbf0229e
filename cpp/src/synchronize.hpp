// How threads that compute one thing together wait for each other: steps follow within a microsecond, so they spin first.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace lstm_ref {

// Whether the condition came true before one had looked so often.
template <class Condition>
bool spin(const Condition& condition, int looks) {
  for (; looks > 0; --looks) {
    if (condition()) return true;
#if defined(LSTM_REF_X86_64)
    __builtin_ia32_pause();
#elif defined(LSTM_REF_ARM64)
    asm volatile("yield");
#endif
  }
  return false;
}

template <class Condition>
void spin_until(const Condition& condition) {
  constexpr int kLooks = 256;  // a few microseconds; after that somebody else may need the processor
  if (spin(condition, kLooks)) return;
  while (!condition()) std::this_thread::yield();
}

// Lets nobody on before all are there.
class alignas(64) Barrier {
 public:
  explicit Barrier(int members) : members_(members) {}

  void wait() {
    if (members_ == 1) return;
    const int phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1, std::memory_order_release);
    } else {
      spin_until([&] { return phase_.load(std::memory_order_acquire) != phase; });
    }
  }

 private:
  const int members_;
  std::atomic<int> arrived_{0}, phase_{0};
};

// A count that one thread raises and others wait for.
class alignas(64) Progress {
 public:
  void advance(std::int64_t by) { count_.store(count_.load(std::memory_order_relaxed) + by, std::memory_order_release); }
  void wait_for(std::int64_t count) const {
    spin_until([&] { return count_.load(std::memory_order_acquire) >= count; });
  }

 private:
  std::atomic<std::int64_t> count_{0};
};

}  // namespace lstm_ref
