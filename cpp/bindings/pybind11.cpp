// lstm_ref._native_pybind11: objects, arrays and errors by pybind11, and the list of functions.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "functions.hpp"

namespace pybind11::detail {

template <>
struct type_caster<lstm_ref::bindings::Object> {
  PYBIND11_TYPE_CASTER(lstm_ref::bindings::Object, const_name("object"));

  bool load(handle source, bool) {
    value.pointer = source.ptr();
    return true;
  }
  static handle cast(lstm_ref::bindings::Object object, return_value_policy, handle) { return object.pointer; }
};

template <class T>
struct type_caster<lstm_ref::bindings::Array<T>> {
  PYBIND11_TYPE_CASTER(lstm_ref::bindings::Array<T>, const_name("numpy.ndarray | None"));

  bool load(handle source, bool) { return source.is_none() || lstm_ref::bindings::take_array({source.ptr()}, &value); }
};

}  // namespace pybind11::detail

PYBIND11_MODULE(_native_pybind11, module) {
  namespace py = pybind11;
  if (PyArray_ImportNumPyAPI() < 0) throw py::error_already_set();
  py::register_local_exception_translator([](std::exception_ptr exception) {
    if (exception) lstm_ref::bindings::translate(exception);
  });
  py::class_<lstm_ref::Recurrent>(module, "Recurrent");
  py::class_<lstm_ref::Recurrent64>(module, "Recurrent64");
  py::class_<lstm_ref::bindings::PythonStream<float>> stream(module, "Stream");
  py::class_<lstm_ref::bindings::PythonStream<double>> stream64(module, "Stream64");
  module.def("available_isas", &lstm_ref::available_isas);
  lstm_ref::bindings::define_functions<float>(module, stream);
  lstm_ref::bindings::define_functions<double>(module, stream64);
}
