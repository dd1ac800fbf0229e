// What an LSTM and its streams share.
#pragma once

#include <string>

#include "lstm_ref/lstm.hpp"
#include "network.hpp"
#include "thread_pool.hpp"

namespace lstm_ref {

struct LSTM::Engine {
  Network network;
  std::string isa;
  int num_threads;
  std::int64_t num_processors;  // that may run this process: more threads than that would only wait for each other
  mutable ThreadPool pool;
};

}  // namespace lstm_ref
