// What Python sees of the engine: one list of functions, which every binding library's adapter defines on its module.
// What the callers of LSTM get wrong is said in python/lstm_ref; here only what fits is told from what does not.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lock.hpp"
#include "lstm_ref/lstm.hpp"
#include "objects.hpp"
#include "stream.hpp"

namespace lstm_ref::bindings {

using NamedArrays = std::vector<std::pair<std::string, Array<const float>>>;

inline LSTM make_lstm(std::int64_t input_size, std::int64_t hidden_size, std::int64_t num_layers, bool bias, bool batch_first,
                      bool bidirectional, const NamedArrays& tensors, const std::string& isa, int num_threads) {
  std::vector<TensorView> views;
  for (const auto& [name, array] : tensors) {
    views.push_back({name, Dtype::kFloat32, Shape(array.shape, array.shape + array.rank), array.data});
  }
  const Unlocked unlocked;
  return LSTM({input_size, hidden_size, num_layers, bias, batch_first, bidirectional}, views, {isa, num_threads});
}

inline std::string isa(const LSTM& lstm) { return lstm.isa(); }

inline Inputs make_inputs(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0,
                          const Array<const float>& c_0, const Array<const std::int64_t>& lengths) {
  const int batch_axis = lstm.config().batch_first ? 0 : 1;
  return {x.shape[1 - batch_axis], x.shape[batch_axis], x.data, h_0.data, c_0.data, lengths.data};
}

inline void forward(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0, const Array<const float>& c_0,
                    const Array<const std::int64_t>& lengths, const Array<float>& y, const Array<float>& h_n,
                    const Array<float>& c_n) {
  const Inputs inputs = make_inputs(lstm, x, h_0, c_0, lengths);
  const Unlocked unlocked(worth_unlocking(lstm, inputs.T, inputs.B));
  lstm.forward(inputs, {y.data, h_n.data, c_n.data});
}

// `trace` holds z, gates, c and h of each layer and direction, one after the other.
inline void forward_trace(const LSTM& lstm, const Array<const float>& x, const Array<const float>& h_0,
                          const Array<const float>& c_0, const Array<const std::int64_t>& lengths, const Array<float>& y,
                          const Array<float>& h_n, const Array<float>& c_n, const std::vector<Array<float>>& trace) {
  const Inputs inputs = make_inputs(lstm, x, h_0, c_0, lengths);
  const Unlocked unlocked(worth_unlocking(lstm, inputs.T, inputs.B));
  std::vector<Trace> traces;
  lstm.forward(inputs, {y.data, h_n.data, c_n.data}, &traces);
  auto to = trace.begin();
  for (const Trace& from : traces) {
    for (const auto* values : {&from.z, &from.gates, &from.c, &from.h}) std::copy(values->begin(), values->end(), (to++)->data);
  }
}

// The usual call at once: y, (h_n, c_n) for x, a state or None, and an array for y or None. Gives None where Python must look at
// the arguments first.
inline Object forward_plain(const LSTM& lstm, Object x_object, Object state, Object out) {
  const Config& config = lstm.config();
  Array<const float> x, h_0, c_0;
  if (!take_plain_array(x_object, &x) || x.rank != 3 || x.shape[2] != config.input_size || x.size() == 0) return none();
  const Inputs rows = make_inputs(lstm, x, {}, {}, {});
  if (state.pointer != Py_None) {
    if (!PyTuple_CheckExact(state.pointer) || PyTuple_GET_SIZE(state.pointer) != 2) return none();
    if (!take_plain_array({PyTuple_GET_ITEM(state.pointer, 0)}, &h_0)) return none();
    if (!take_plain_array({PyTuple_GET_ITEM(state.pointer, 1)}, &c_0)) return none();
    const auto shape = {config.state_rows(), rows.B, config.hidden_size};
    if (!h_0.has_shape(shape) || !c_0.has_shape(shape)) return none();
  }
  const std::int64_t features = config.directions() * config.hidden_size;
  Array<float> given;
  if (out.pointer != Py_None) {
    if (!take_array(out, &given) || !given.has_shape({x.shape[0], x.shape[1], features})) return none();
    if (overlap(given, x) || overlap(given, h_0) || overlap(given, c_0)) return none();
  }
  check_output_sizes(config, rows.T, rows.B);
  const Reference y = given.data ? Reference(Py_NewRef(out.pointer)) : new_array({x.shape[0], x.shape[1], features});
  const Reference h_n = new_array({config.state_rows(), rows.B, config.hidden_size});
  const Reference c_n = new_array({config.state_rows(), rows.B, config.hidden_size});
  forward(lstm, x, h_0, c_0, {}, view(y), view(h_n), view(c_n));
  const Reference state_n = made(PyTuple_Pack(2, h_n.get(), c_n.get()));
  return {made(PyTuple_Pack(2, y.get(), state_n.get())).release()};
}

template <class Module, class StreamClass>
void define_functions(Module& module, StreamClass& stream) {
  module.def("available_isas", &available_isas);
  module.def("make_lstm", &make_lstm);
  module.def("isa", &isa);
  module.def("forward", &forward);
  module.def("forward_plain", &forward_plain);
  module.def("forward_trace", &forward_trace);
  module.def("make_stream", &make_stream);
  stream.def("step", &PythonStream::step,
             "y (B, H) for x (B, I), float32: the stream's own array, which the next step overwrites.");
  stream.def("step_into", &PythonStream::step_into, "Writes y (B, H) for x (B, I), float32, into an array of the caller's.");
  stream.def("state", &PythonStream::state);
  stream.def("set_state", &PythonStream::set_state);
}

}  // namespace lstm_ref::bindings
