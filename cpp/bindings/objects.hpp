// Python's objects and NumPy's arrays as the engine takes and makes them, by their C interfaces: one definition for every binding
// library.
#pragma once

#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_1_24_API_VERSION
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>

#include "lstm_ref/error.hpp"

namespace lstm_ref::bindings {

// Thrown when the interpreter's error is already set.
struct PythonError {};

// Any object: borrowed as an argument, a new reference as a result.
struct Object {
  PyObject* pointer = nullptr;
};

struct Release {
  void operator()(PyObject* object) const { Py_XDECREF(object); }
};
using Reference = std::unique_ptr<PyObject, Release>;

inline Object none() { return {Py_NewRef(Py_None)}; }

// What a function of the C interface made, unless it failed.
inline Reference made(PyObject* object) {
  if (!object) throw PythonError();
  return Reference(object);
}

// The elements and the shape of an array, valid while the array is; `data` is null for None.
template <class T>
struct Array {
  T* data = nullptr;
  int rank = 0;
  const npy_intp* shape = nullptr;

  std::int64_t size() const { return data ? PyArray_MultiplyList(shape, rank) : 0; }
  bool has_shape(std::initializer_list<std::int64_t> wanted) const {
    return rank == static_cast<int>(wanted.size()) && std::equal(wanted.begin(), wanted.end(), shape);
  }
};

// NumPy's name of an element's type.
template <class T>
constexpr int kTypeOf = std::is_same_v<std::remove_const_t<T>, float>    ? NPY_FLOAT32
                        : std::is_same_v<std::remove_const_t<T>, double> ? NPY_FLOAT64
                                                                         : NPY_INT64;

// Takes an array as it is or not at all: exactly this type in this machine's byte order, C-contiguous, aligned and, unless T is
// const, writable. A silent conversion would lose what is written to it.
template <class T>
bool take_array(Object object, Array<T>* result) {
  constexpr int type = kTypeOf<T>;
  constexpr int flags = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | (std::is_const_v<T> ? 0 : NPY_ARRAY_WRITEABLE);
  if (!PyArray_Check(object.pointer)) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(object.pointer);
  if (PyArray_TYPE(array) != type && !PyArray_EquivTypenums(PyArray_TYPE(array), type)) return false;
  if ((PyArray_FLAGS(array) & flags) != flags || !PyArray_ISNOTSWAPPED(array)) return false;
  *result = {static_cast<T*>(PyArray_DATA(array)), PyArray_NDIM(array), PyArray_DIMS(array)};
  return true;
}

// The same for an input that Python has not looked at: a subclass (a masked array) may mean more than its elements.
template <class Real>
bool take_plain_array(Object object, Array<const Real>* result) {
  return PyArray_CheckExact(object.pointer) && take_array(object, result);
}

template <class T, class U>
bool overlap(const Array<T>& a, const Array<U>& b) {
  const std::less<const void*> before;
  return before(a.data, b.data + b.size()) && before(b.data, a.data + a.size());
}

template <class Real>
Reference new_array(std::initializer_list<npy_intp> shape) {
  return made(PyArray_SimpleNew(static_cast<int>(shape.size()), shape.begin(), kTypeOf<Real>));
}

// All that an array made here holds.
template <class Real>
Array<Real> view(const Reference& made) {
  auto* array = reinterpret_cast<PyArrayObject*>(made.get());
  return {static_cast<Real*>(PyArray_DATA(array)), PyArray_NDIM(array), PyArray_DIMS(array)};
}

// Zeros in memory that stays where it is: what NumPy owns, anyone may move (ndarray.resize).
template <class Real>
Reference new_pinned_array(std::initializer_list<npy_intp> shape) {
  const int rank = static_cast<int>(shape.size());
  auto elements = std::make_unique<Real[]>(PyArray_MultiplyList(shape.begin(), rank));
  Reference array = made(PyArray_SimpleNewFromData(rank, shape.begin(), kTypeOf<Real>, elements.get()));
  const auto free = [](PyObject* owner) { delete[] static_cast<Real*>(PyCapsule_GetPointer(owner, nullptr)); };
  Reference owner = made(PyCapsule_New(elements.get(), nullptr, free));
  static_cast<void>(elements.release());  // the owner's from here on
  if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(array.get()), owner.release()) != 0) throw PythonError();
  return array;
}

// A state as Python sees it: (h, c), or h alone where there is no c.
inline Object state_object(Reference h, Reference c) {
  return {c ? made(PyTuple_Pack(2, h.get(), c.get())).release() : h.release()};
}

// Sets the interpreter's error for an exception of ours; any other passes through.
inline void translate(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const PythonError&) {
  } catch (const Error& error) {
    const Reference errors(PyImport_ImportModule("lstm_ref.errors"));
    const Reference type(errors ? PyObject_GetAttrString(errors.get(), "InvalidArgument") : nullptr);
    const Reference raised(
        type ? PyObject_CallFunction(type.get(), "sss", error.parameter.c_str(), error.got.c_str(), error.want.c_str())
             : nullptr);
    if (raised) PyErr_SetObject(type.get(), raised.get());
  }
}

}  // namespace lstm_ref::bindings
