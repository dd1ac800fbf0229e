// What a network and its streams share.
#pragma once

#include <string>

#include "lstm_ref/lstm.hpp"
#include "network.hpp"
#include "thread_pool.hpp"

namespace lstm_ref {

template <class Real>
struct BasicRecurrent<Real>::Engine {
  Network<Real> network;
  std::string isa;
  int num_threads;
  std::int64_t num_processors;  // that may run this process: more threads than that would only wait for each other
  mutable ThreadPool pool;
};

// Check 10, as far as pointers can be wrong. Throws Error.
void check_state(const Config& config, std::int64_t B, const void* h, const void* c);

}  // namespace lstm_ref
