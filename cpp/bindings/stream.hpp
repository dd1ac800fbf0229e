// A stream for Python. Its methods are called once per time step, so they check the usual arguments themselves.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "lock.hpp"
#include "lstm_ref/lstm.hpp"
#include "objects.hpp"

namespace lstm_ref::bindings {

template <class Real>
class PythonStream {
 public:
  // convert(x), or convert(x, y) in step_into, is asked when arguments do not fit as they are: it makes of x an array that does,
  // or raises InvalidArgument.
  PythonStream(const BasicRecurrent<Real>& network, std::int64_t batch, Object convert)
      : stream_(network.stream(batch)),
        B_(batch),
        I_(network.config().input_size),
        R_(network.config().output_size()),
        H_(network.config().hidden_size),
        L_(network.config().num_layers),
        has_c_(network.config().has_c()),
        unlocks_(worth_unlocking(network, 1, batch)),
        convert_(Py_NewRef(convert.pointer)),
        y_(new_pinned_array<Real>({batch, R_})),
        x_copy_(batch * I_) {}

  // x (B, I) -> y (B, R), the same array every time.
  Object step(Object x_object) {
    Array<const Real> x;
    Reference converted;
    if (!fits(x_object, &x)) converted = convert(x_object, {}, &x);
    const Turn turn(busy_);
    const Array<Real> y = view<Real>(y_);
    if (overlap(x, y)) {  // the last output fed back
      std::copy_n(x.data, x_copy_.size(), x_copy_.begin());
      x.data = x_copy_.data();
    }
    compute(x, y);
    return {Py_NewRef(y_.get())};
  }

  // x (B, I), y (B, R)
  void step_into(Object x_object, Object y_object) {
    Array<const Real> x;
    Array<Real> y;
    Reference converted;
    if (!fits(x_object, &x) || !fits(y_object, &y) || overlap(x, y)) {
      converted = convert(x_object, y_object, &x);
      if (!fits(y_object, &y)) throw std::logic_error("convert() let pass a y that does not fit");
    }
    const Turn turn(busy_);
    compute(x, y);
  }

  // (h, c), or h alone where there is no c, in new arrays: (L, B, R) and (L, B, H).
  Object state() {
    Reference h = new_array<Real>({L_, B_, R_}), c = has_c_ ? new_array<Real>({L_, B_, H_}) : nullptr;
    {
      const Turn turn(busy_);
      stream_.state(view<Real>(h).data, c ? view<Real>(c).data : nullptr);
    }
    return state_object(std::move(h), std::move(c));
  }

  // h (L, B, R), c (L, B, H), or None for +0.
  void set_state(const Array<const Real>& h, const Array<const Real>& c) {
    const Turn turn(busy_);
    stream_.set_state(h.data, c.data);
  }

 private:
  // The right to use the stream: two threads in it at once would garble it.
  class Turn {
   public:
    explicit Turn(std::atomic<bool>& busy) : busy_(busy) {
      if (busy_.exchange(true, std::memory_order_acquire))
        throw Error("stream", "in use by another thread", "one thread at a time");
    }
    ~Turn() { busy_.store(false, std::memory_order_release); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    std::atomic<bool>& busy_;
  };

  bool fits(Object object, Array<const Real>* x) const { return take_plain_array(object, x) && x->has_shape({B_, I_}); }
  bool fits(Object object, Array<Real>* y) const { return take_array(object, y) && y->has_shape({B_, R_}); }

  Reference convert(Object x_object, Object y_object, Array<const Real>* x) const {
    Reference converted = made(PyObject_CallFunctionObjArgs(convert_.get(), x_object.pointer, y_object.pointer, nullptr));
    if (!fits({converted.get()}, x)) throw std::logic_error("convert() returned an x that does not fit");
    return converted;
  }

  void compute(const Array<const Real>& x, const Array<Real>& y) {
    const Unlocked unlocked(unlocks_);
    stream_.step(x.data, y.data);
  }

  BasicStream<Real> stream_;
  const npy_intp B_, I_, R_, H_, L_;
  const bool has_c_, unlocks_;
  const Reference convert_, y_;
  std::vector<Real> x_copy_;
  std::atomic<bool> busy_{false};
};

template <class Real>
std::unique_ptr<PythonStream<Real>> make_stream(const BasicRecurrent<Real>& network, std::int64_t batch, Object convert) {
  return std::make_unique<PythonStream<Real>>(network, batch, convert);
}

}  // namespace lstm_ref::bindings
