// What Python sees of the engine: one list of functions, which every binding library's adapter defines on its module.
// What callers get wrong is said in python/lstm_ref; here only what fits is told from what does not.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lock.hpp"
#include "lstm_ref/lstm.hpp"
#include "lstm_ref/model.hpp"
#include "objects.hpp"
#include "stream.hpp"

namespace lstm_ref::bindings {

template <class Real>
using NamedArrays = std::vector<std::pair<std::string, Array<const Real>>>;

// The configuration as a model file holds it.
template <class Real>
BasicRecurrent<Real> make(const std::string& config, const NamedArrays<Real>& tensors, const std::string& isa, int num_threads) {
  std::vector<TensorView> views;
  for (const auto& [name, array] : tensors) {
    views.push_back(
        {name, sizeof(Real) == 8 ? Dtype::kFloat64 : Dtype::kFloat32, Shape(array.shape, array.shape + array.rank), array.data});
  }
  const Unlocked unlocked;
  return BasicRecurrent<Real>(parse_config(config), views, {isa, num_threads});
}

template <class Real>
std::string isa(const BasicRecurrent<Real>& network) {
  return network.isa();
}

template <class Real>
using Masks = std::vector<Array<const Real>>;  // as mask_spec() lists them

// `seed` (1,), or None.
template <class Real>
BasicInputs<Real> make_inputs(const BasicRecurrent<Real>& network, const Array<const Real>& x, const Array<const Real>& h_0,
                              const Array<const Real>& c_0, const Array<const std::int64_t>& lengths,
                              const Array<const std::int64_t>& seed, const Masks<Real>& masks) {
  const int batch_axis = network.config().batch_first ? 0 : 1;
  BasicInputs<Real> inputs = {x.shape[1 - batch_axis], x.shape[batch_axis], x.data, h_0.data, c_0.data, lengths.data};
  if (seed.data) inputs.seed = *seed.data;
  for (const auto& mask : masks) inputs.masks.push_back(mask.data);
  return inputs;
}

template <class Real>
void forward(const BasicRecurrent<Real>& network, const Array<const Real>& x, const Array<const Real>& h_0,
             const Array<const Real>& c_0, const Array<const std::int64_t>& lengths, const Array<const std::int64_t>& seed,
             const Masks<Real>& masks, const Array<Real>& y, const Array<Real>& h_n, const Array<Real>& c_n) {
  const BasicInputs<Real> inputs = make_inputs(network, x, h_0, c_0, lengths, seed, masks);
  const Unlocked unlocked(worth_unlocking(network, inputs.T, inputs.B));
  network.forward(inputs, {y.data, h_n.data, c_n.data});
}

// `trace` holds z, gates, c and h of each layer and direction, one after the other; of these, what the cell has.
template <class Real>
void forward_trace(const BasicRecurrent<Real>& network, const Array<const Real>& x, const Array<const Real>& h_0,
                   const Array<const Real>& c_0, const Array<const std::int64_t>& lengths, const Array<const std::int64_t>& seed,
                   const Masks<Real>& masks, const Array<Real>& y, const Array<Real>& h_n, const Array<Real>& c_n,
                   const std::vector<Array<Real>>& trace) {
  const BasicInputs<Real> inputs = make_inputs(network, x, h_0, c_0, lengths, seed, masks);
  const Unlocked unlocked(worth_unlocking(network, inputs.T, inputs.B));
  std::vector<BasicTrace<Real>> traces;
  network.forward(inputs, {y.data, h_n.data, c_n.data}, &traces);
  auto to = trace.begin();
  const auto put = [&](const std::vector<Real>& values) { std::copy(values.begin(), values.end(), (to++)->data); };
  for (const BasicTrace<Real>& from : traces) {
    put(from.z);
    if (network.config().op != Op::kRnn) put(from.gates);
    if (network.config().has_c()) put(from.c);
    put(from.h);
  }
}

// The usual call at once: y and a state for x, a state or None, and an array for y or None; a state is (h, c), or h alone where
// there is no c. Gives None where Python must look at the arguments first.
template <class Real>
Object forward_plain(const BasicRecurrent<Real>& network, Object x_object, Object state, Object out) {
  const Config& config = network.config();
  Array<const Real> x, h_0, c_0;
  if (!take_plain_array(x_object, &x) || x.rank != 3 || x.shape[2] != config.input_size || x.size() == 0) return none();
  const BasicInputs<Real> rows = make_inputs<Real>(network, x, {}, {}, {}, {}, {});
  const npy_intp S = config.state_rows(), B = rows.B, R = config.output_size(), H = config.hidden_size;
  if (state.pointer != Py_None) {
    Object h = state;
    if (config.has_c()) {
      if (!PyTuple_CheckExact(state.pointer) || PyTuple_GET_SIZE(state.pointer) != 2) return none();
      h = {PyTuple_GET_ITEM(state.pointer, 0)};
      if (!take_plain_array({PyTuple_GET_ITEM(state.pointer, 1)}, &c_0) || !c_0.has_shape({S, B, H})) return none();
    }
    if (!take_plain_array(h, &h_0) || !h_0.has_shape({S, B, R})) return none();
  }
  const std::int64_t features = config.directions() * R;
  Array<Real> given;
  if (out.pointer != Py_None) {
    if (!take_array(out, &given) || !given.has_shape({x.shape[0], x.shape[1], features})) return none();
    if (overlap(given, x) || overlap(given, h_0) || overlap(given, c_0)) return none();
  }
  check_output_sizes(config, rows.T, rows.B);
  const Reference y = given.data ? Reference(Py_NewRef(out.pointer)) : new_array<Real>({x.shape[0], x.shape[1], features});
  Reference h_n = new_array<Real>({S, B, R}), c_n = config.has_c() ? new_array<Real>({S, B, H}) : nullptr;
  forward<Real>(network, x, h_0, c_0, {}, {}, {}, view<Real>(y), view<Real>(h_n), c_n ? view<Real>(c_n) : Array<Real>());
  const Reference state_n(state_object(std::move(h_n), std::move(c_n)).pointer);
  return {made(PyTuple_Pack(2, y.get(), state_n.get())).release()};
}

// For both types of numbers the same names, the engine's type says which; but for `make`, which makes it.
template <class Real, class Module, class StreamClass>
void define_functions(Module& module, StreamClass& stream) {
  module.def(sizeof(Real) == 8 ? "make64" : "make", &make<Real>);
  module.def("isa", &isa<Real>);
  module.def("forward", &forward<Real>);
  module.def("forward_plain", &forward_plain<Real>);
  module.def("forward_trace", &forward_trace<Real>);
  module.def("make_stream", &make_stream<Real>);
  stream.def("step", &PythonStream<Real>::step, "y (B, R) for x (B, I): the stream's own array, which the next step overwrites.");
  stream.def("step_into", &PythonStream<Real>::step_into, "Writes y (B, R) for x (B, I) into an array of the caller's.");
  stream.def("state", &PythonStream<Real>::state);
  stream.def("set_state", &PythonStream<Real>::set_state);
}

}  // namespace lstm_ref::bindings
