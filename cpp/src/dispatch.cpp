#include "dispatch.hpp"

#include <cstdlib>
#include <utility>

#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref {
namespace {

// What the processor and the operating system both support, slowest first.
template <class Real>
std::vector<const Kernels<Real>*> available_kernels() {
  std::vector<const Kernels<Real>*> kernels = {&kBaselineKernels};
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

template <class Real>
const Kernels<Real>& find_kernels(const char* parameter, const std::string& isa) {
  std::string names;
  for (const Kernels<Real>* kernels : available_kernels<Real>()) {
    if (isa == kernels->name) return *kernels;
    names += (names.empty() ? "" : ", ") + std::string(kernels->name);
  }
  throw Error(parameter, '"' + isa + '"', "one of " + names);
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Kernels<float>* kernels : available_kernels<float>()) names.emplace_back(kernels->name);
  return names;
}

template <class Real>
const Kernels<Real>& select_kernels(const std::string& isa) {
  if (!isa.empty()) return find_kernels<Real>("isa", isa);
  const char* const forced = std::getenv("LSTM_REF_ISA");
  if (forced && *forced) return find_kernels<Real>("LSTM_REF_ISA", forced);
  return *available_kernels<Real>().back();
}

template const Kernels<float>& select_kernels(const std::string&);

}  // namespace lstm_ref
