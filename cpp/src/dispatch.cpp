#include "dispatch.hpp"

#include <cstdlib>

#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref {
namespace {

// What the processor and the operating system both support, slowest first.
std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> kernels = {&kBaselineKernels};
#if defined(LSTM_REF_X86_64)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels.push_back(&kAvx2Kernels);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      kernels.push_back(&kAvx512Kernels);
    }
  }
#elif defined(LSTM_REF_ARM64)
  kernels.push_back(&kNeonKernels);
#endif
  return kernels;
}

const Kernels& find_kernels(const char* parameter, const std::string& isa) {
  std::string names;
  for (const Kernels* kernels : available_kernels()) {
    if (isa == kernels->name) return *kernels;
    names += (names.empty() ? "" : ", ") + std::string(kernels->name);
  }
  throw Error(parameter, '"' + isa + '"', "one of " + names);
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Kernels* kernels : available_kernels()) names.emplace_back(kernels->name);
  return names;
}

const Kernels& select_kernels(const std::string& isa) {
  if (!isa.empty()) return find_kernels("isa", isa);
  const char* const forced = std::getenv("LSTM_REF_ISA");
  if (forced && *forced) return find_kernels("LSTM_REF_ISA", forced);
  return *available_kernels().back();
}

}  // namespace lstm_ref
