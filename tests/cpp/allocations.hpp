// Every way to allocate, counted by thread. For one source file of a program.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace allocations {

inline thread_local long count = 0;
inline thread_local std::size_t bytes = 0;

// Out of line, or GCC takes free() for the wrong partner of new.
inline void* counted(std::size_t size, std::size_t alignment) {
  ++count;
  bytes += size;
  if (void* memory = std::aligned_alloc(alignment, (size + alignment) / alignment * alignment)) return memory;
  throw std::bad_alloc();
}

}  // namespace allocations

[[gnu::noinline]] void* operator new(std::size_t size) { return allocations::counted(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocations::counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // AddressSanitizer has its own
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
