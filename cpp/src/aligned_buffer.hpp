// A block of floats, zero at first, that starts at a cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace lstm_ref {

// a * b, or std::bad_alloc where no memory could hold that many.
inline std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product < 0) throw std::bad_alloc();
  return product;
}

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::int64_t size) {
    const std::size_t bytes = static_cast<std::size_t>(checked_product(size, sizeof(float)));
    data_.reset(static_cast<float*>(::operator new(bytes, kAlignment)));
    std::memset(data_.get(), 0, bytes);
  }

  float* data() const { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<float[], Delete> data_;
};

}  // namespace lstm_ref
