// A block of numbers that starts at a cache line.
#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace lstm_ref {

// a * b, or std::bad_alloc where no memory could hold that many.
inline std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product < 0) throw std::bad_alloc();
  return product;
}

template <class Real>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;

  static AlignedBuffer uninitialized(std::int64_t size) { return AlignedBuffer(bytes_of(size), kCacheLine); }

  static AlignedBuffer zeros(std::int64_t size) {
    AlignedBuffer buffer = uninitialized(size);
    std::memset(buffer.data(), 0, bytes_of(size));
    return buffer;
  }

  // For what is read over and over, as weights are: megabytes of it in pages of 4 KB would not fit the processor's tables of
  // pages (measured: 30 % more bandwidth at 1 MB).
  static AlignedBuffer zeros_to_keep(std::int64_t size) {
    if (bytes_of(size) < kHugePage / 2) return zeros(size);
    const std::size_t pages = (bytes_of(size) + kHugePage - 1) / kHugePage;
    AlignedBuffer buffer(pages * kHugePage, kHugePage);
#if defined(MADV_HUGEPAGE)
    madvise(buffer.data(), pages * kHugePage, MADV_HUGEPAGE);  // without it, it is only slower
#endif
    std::memset(buffer.data(), 0, bytes_of(size));
    return buffer;
  }

  Real* data() const { return data_.get(); }

 private:
  static constexpr std::size_t kCacheLine = 64, kHugePage = std::size_t{1} << 21;

  struct Delete {
    std::size_t alignment;
    void operator()(Real* data) const { ::operator delete(data, std::align_val_t(alignment)); }
  };

  AlignedBuffer(std::size_t bytes, std::size_t alignment)
      : data_(static_cast<Real*>(::operator new(bytes, std::align_val_t(alignment))), Delete{alignment}) {}

  static std::size_t bytes_of(std::int64_t size) { return static_cast<std::size_t>(checked_product(size, sizeof(Real))); }

  std::unique_ptr<Real[], Delete> data_{nullptr, Delete{kCacheLine}};
};

}  // namespace lstm_ref
