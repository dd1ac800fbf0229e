// lstm_ref._native by pybind11: arrays, errors and the list of functions.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "functions.hpp"

namespace pybind11::detail {

// Takes an array as it is or not at all: a silent conversion would lose what is written to it.
template <class T>
struct type_caster<lstm_ref::bindings::Array<T>> {
  PYBIND11_TYPE_CASTER(lstm_ref::bindings::Array<T>, const_name("numpy.ndarray | None"));

  bool load(handle source, bool) {
    using Exact = array_t<std::remove_const_t<T>, array::c_style>;
    if (source.is_none()) return true;
    if (!Exact::check_(source)) return false;
    const auto exact = reinterpret_borrow<Exact>(source);
    if (!(exact.flags() & npy_api::NPY_ARRAY_ALIGNED_)) return false;
    if (!std::is_const_v<T> && !exact.writeable()) return false;
    value.data = const_cast<T*>(exact.data());
    value.shape.assign(exact.shape(), exact.shape() + exact.ndim());
    return true;
  }
};

}  // namespace pybind11::detail

PYBIND11_MODULE(_native, module) {
  namespace py = pybind11;
  py::class_<lstm_ref::LSTM>(module, "LSTM");
  lstm_ref::bindings::define_functions(module, py::call_guard<py::gil_scoped_release>());
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const lstm_ref::Error& error) {
      const py::object type = py::module_::import("lstm_ref.errors").attr("InvalidArgument");
      const py::object exception = type(error.parameter, error.got, error.want);
      PyErr_SetObject(type.ptr(), exception.ptr());
    }
  });
}
