#include "dispatch.hpp"

#include <cstdlib>

#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref {
namespace {

struct BothKernels {
  const Kernels<float>* float32;
  const Kernels<double>* float64;

  const Kernels<float>& of(float) const { return *float32; }
  const Kernels<double>& of(double) const { return *float64; }
};

// What the processor and the operating system both support, slowest first.
std::vector<BothKernels> available_kernels() {
  std::vector<BothKernels> kernels = {{&kBaselineKernels, &kBaselineKernels64}};
#if defined(LSTM_REF_X86_64)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kernels.push_back({&kAvx2Kernels, &kAvx2Kernels64});
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      kernels.push_back({&kAvx512Kernels, &kAvx512Kernels64});
    }
  }
#elif defined(LSTM_REF_ARM64)
  kernels.push_back({&kNeonKernels, &kNeonKernels64});
#endif
  return kernels;
}

template <class Real>
const Kernels<Real>& find_kernels(const char* parameter, const std::string& isa) {
  std::string names;
  for (const BothKernels& kernels : available_kernels()) {
    if (isa == kernels.float32->name) return kernels.of(Real());
    names += (names.empty() ? "" : ", ") + std::string(kernels.float32->name);
  }
  throw Error(parameter, '"' + isa + '"', "one of " + names);
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const BothKernels& kernels : available_kernels()) names.emplace_back(kernels.float32->name);
  return names;
}

template <class Real>
const Kernels<Real>& select_kernels(const std::string& isa) {
  if (!isa.empty()) return find_kernels<Real>("isa", isa);
  const char* const forced = std::getenv("LSTM_REF_ISA");
  if (forced && *forced) return find_kernels<Real>("LSTM_REF_ISA", forced);
  return available_kernels().back().of(Real());
}

template <class Real>
const Kernels<Real>& for_bfloat16(const Kernels<Real>& kernels, const Config& config) {
  constexpr double kLeastWeights = 1 << 20;  // fewer fit a cache as float32 (4 MB), from which they are read without widening
  const double weights = 1.0 * config.gates() * config.hidden_size * (config.input_size + config.output_size());
  return kernels.for_bfloat16 && weights >= kLeastWeights ? *kernels.for_bfloat16 : kernels;
}

template const Kernels<float>& select_kernels(const std::string&);
template const Kernels<double>& select_kernels(const std::string&);
template const Kernels<float>& for_bfloat16(const Kernels<float>&, const Config&);
template const Kernels<double>& for_bfloat16(const Kernels<double>&, const Config&);

}  // namespace lstm_ref
