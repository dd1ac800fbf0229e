// What Python sees of the engine: one list of functions, which every binding library's adapter defines on its module.
// Arguments are checked in python/lstm_ref/native.py; nothing here decides anything.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lstm_ref/lstm.hpp"

namespace lstm_ref::bindings {

// A NumPy array of exactly this type, C-contiguous, aligned and, unless T is const, writable; `data` is null for None.
template <class T>
struct Array {
  T* data = nullptr;
  Shape shape;
};

using NamedArrays = std::vector<std::pair<std::string, Array<const float>>>;

inline LSTM make_lstm(std::int64_t input_size, std::int64_t hidden_size, std::int64_t num_layers, bool bias, bool batch_first,
                      bool bidirectional, const NamedArrays& tensors, const std::string& isa, int num_threads) {
  std::vector<TensorView> views;
  for (const auto& [name, array] : tensors) views.push_back({name, Dtype::kFloat32, array.shape, array.data});
  return LSTM({input_size, hidden_size, num_layers, bias, batch_first, bidirectional}, views, {isa, num_threads});
}

inline std::string isa(const LSTM& lstm) { return lstm.isa(); }

inline Inputs make_inputs(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0,
                          const Array<const float>& c_0, const Array<const std::int64_t>& lengths) {
  const int batch_axis = lstm.config().batch_first ? 0 : 1;
  return {x.shape.at(1 - batch_axis), x.shape.at(batch_axis), x.data, h_0.data, c_0.data, lengths.data};
}

inline void forward(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0, const Array<const float>& c_0,
                    const Array<const std::int64_t>& lengths, const Array<float>& y, const Array<float>& h_n,
                    const Array<float>& c_n) {
  lstm.forward(make_inputs(lstm, x, h_0, c_0, lengths), {y.data, h_n.data, c_n.data});
}

// `trace` holds z, gates, c and h of each layer and direction, one after the other.
inline void forward_trace(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0,
                          const Array<const float>& c_0, const Array<const std::int64_t>& lengths, const Array<float>& y,
                          const Array<float>& h_n, const Array<float>& c_n, const std::vector<Array<float>>& trace) {
  std::vector<Trace> traces;
  lstm.forward(make_inputs(lstm, x, h_0, c_0, lengths), {y.data, h_n.data, c_n.data}, &traces);
  auto to = trace.begin();
  for (const Trace& from : traces) {
    for (const auto* values : {&from.z, &from.gates, &from.c, &from.h}) std::copy(values->begin(), values->end(), (to++)->data);
  }
}

// `release` is the adapter's way to say that a function runs without the interpreter's lock.
template <class Module, class ReleaseLock>
void define_functions(Module& module, const ReleaseLock& release) {
  module.def("available_isas", &available_isas);
  module.def("make_lstm", &make_lstm, release);
  module.def("isa", &isa);
  module.def("forward", &forward, release);
  module.def("forward_trace", &forward_trace, release);
}

}  // namespace lstm_ref::bindings
