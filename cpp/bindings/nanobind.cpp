// lstm_ref._native_nanobind: objects, arrays and errors by nanobind, and the list of functions.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "functions.hpp"

namespace nanobind::detail {

template <>
struct type_caster<lstm_ref::bindings::Object> {
  NB_TYPE_CASTER(lstm_ref::bindings::Object, const_name("object"))

  bool from_python(handle source, std::uint32_t, cleanup_list*) noexcept {
    value.pointer = source.ptr();
    return true;
  }
  static handle from_cpp(lstm_ref::bindings::Object object, rv_policy, cleanup_list*) noexcept { return object.pointer; }
};

template <class T>
struct type_caster<lstm_ref::bindings::Array<T>> {
  NB_TYPE_CASTER(lstm_ref::bindings::Array<T>, const_name("numpy.ndarray | None"))

  bool from_python(handle source, std::uint32_t, cleanup_list*) noexcept {
    return source.is_none() || lstm_ref::bindings::take_array({source.ptr()}, &value);
  }
};

// They take None, too; without this it would be refused before it is seen.
template <>
struct has_arg_defaults<lstm_ref::bindings::Object> : std::true_type {};
template <class T>
struct has_arg_defaults<lstm_ref::bindings::Array<T>> : std::true_type {};

}  // namespace nanobind::detail

NB_MODULE(_native_nanobind, module) {
  namespace nb = nanobind;
  if (PyArray_ImportNumPyAPI() < 0) nb::raise_python_error();
  nb::register_exception_translator([](const std::exception_ptr& exception, void*) { lstm_ref::bindings::translate(exception); });
  nb::set_leak_warnings(false);  // what a program still holds at its end is no leak of ours
  nb::class_<lstm_ref::Recurrent>(module, "Recurrent");
  nb::class_<lstm_ref::Recurrent64>(module, "Recurrent64");
  nb::class_<lstm_ref::bindings::PythonStream<float>> stream(module, "Stream");
  nb::class_<lstm_ref::bindings::PythonStream<double>> stream64(module, "Stream64");
  module.def("available_isas", &lstm_ref::available_isas);
  lstm_ref::bindings::define_functions<float>(module, stream);
  lstm_ref::bindings::define_functions<double>(module, stream64);
}
