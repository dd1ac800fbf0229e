#include "lstm_ref/lstm.hpp"

#include <algorithm>
#include <system_error>
#include <thread>

#include "dispatch.hpp"
#include "engine.hpp"
#include "fp_environment.hpp"
#include "schedule.hpp"

namespace lstm_ref {
namespace {

constexpr int kMaxThreads = 1024;

void check_threads(int num_threads) {
  if (num_threads < 1 || num_threads > kMaxThreads) {
    throw Error("num_threads", std::to_string(num_threads), "an integer from 1 to " + std::to_string(kMaxThreads));
  }
}

// What a constructor is given, checked in this order.
template <class Real>
const Kernels<Real>& checked_kernels(const Config& config, const Options& options) {
  config.check();
  check_real<Real>(config);
  check_threads(options.num_threads);
  const Kernels<Real>& kernels = select_kernels<Real>(options.isa);
  return config.dtype == Dtype::kBfloat16 ? for_bfloat16(kernels, config) : kernels;
}

template <class Real>
void check_masks(const Config& config, const BasicInputs<Real>& inputs) {
  if ((inputs.seed || !inputs.masks.empty()) && !config.is_random()) {
    throw Error(inputs.seed ? "seed" : "masks", "unexpected tensor", inputs_text(config));
  }
  if (inputs.seed && *inputs.seed < 0) throw Error("seed", std::to_string(*inputs.seed), "an integer of at least 0");
  if (inputs.masks.empty()) return;
  if (inputs.seed) throw Error("seed", "given with masks", "a seed or masks");
  const std::int64_t count = mask_count(config);
  if (static_cast<std::int64_t>(inputs.masks.size()) != count) {
    throw Error("masks", std::to_string(inputs.masks.size()) + " arrays", std::to_string(count));
  }
  for (std::int64_t i = 0; inputs.T > 0 && inputs.B > 0 && i < count; ++i) {
    const MaskSpec spec = mask_spec(config, i, inputs.T, inputs.B);
    if (!inputs.masks[i]) throw Error(spec.name, "missing", spec.want);
  }
}

template <class Real>
void check_arguments(const Config& config, const BasicInputs<Real>& inputs, const BasicOutputs<Real>& outputs) {
  const std::int64_t T = inputs.T, B = inputs.B, y_features = config.directions() * config.output_size();
  const std::string axes = config.batch_first ? "(B, T, " : "(T, B, ";
  if (T < 0) throw Error("T", std::to_string(T), "an integer of at least 0");
  if (B < 0) throw Error("B", std::to_string(B), "an integer of at least 0");
  if (!inputs.x && T > 0 && B > 0) {
    throw Error("x", "missing", axes + "I) with I = " + std::to_string(config.input_size));
  }
  check_state(config, B, inputs.h_0, inputs.c_0);
  for (std::int64_t b = 0; inputs.lengths && b < B; ++b) {
    const std::int64_t length = inputs.lengths[b];
    if (length < 0 || length > T) {
      throw Error("lengths[" + std::to_string(b) + "]", std::to_string(length), "0 <= length <= T = " + std::to_string(T));
    }
  }
  check_masks(config, inputs);
  check_output_sizes(config, T, B);
  if (!outputs.y && T > 0 && B > 0) {
    const Shape shape = config.batch_first ? Shape{B, T, y_features} : Shape{T, B, y_features};
    throw Error("y", "missing", axes + (config.proj_size ? "D*R) = " : "D*H) = ") + shape_text(shape));
  }
}

template <class Real>
std::vector<BasicTrace<Real>> empty_trace(const Network<Real>& network, std::int64_t T, std::int64_t B) {
  const Config& config = network.config;
  std::int64_t columns = 0;
  for (const Phase& phase : network.phases) columns += phase.has_x() ? phase.columns : 0;
  const std::int64_t rows = checked_product(T, B), size = checked_product(rows, config.hidden_size);
  BasicTrace<Real> trace;
  trace.z.assign(checked_product(columns, size), Real(0));
  if (config.op != Op::kRnn) trace.gates.assign(checked_product(config.gates(), size), Real(0));
  if (config.has_c()) trace.c.assign(size, Real(0));
  trace.h.assign(rows * config.output_size(), Real(0));
  return std::vector<BasicTrace<Real>>(config.state_rows(), trace);
}

template <class Real>
void clear_past_lengths(const Config& config, const BasicInputs<Real>& inputs, Real* y) {  // (3.3)
  const std::int64_t T = inputs.T, B = inputs.B, features = config.directions() * config.output_size();
  for (std::int64_t b = 0; inputs.lengths && b < B; ++b) {
    for (std::int64_t t = inputs.lengths[b]; t < T; ++t) {
      std::fill_n(y + (config.batch_first ? b * T + t : t * B + b) * features, features, Real(0));
    }
  }
}

// Without steps the final states are the first ones (3.4). Rows take no memory then: a file of a few bytes may claim many.
template <class Real>
void keep_states(const Config& config, const BasicInputs<Real>& inputs, const BasicOutputs<Real>& outputs) {
  const auto keep = [&](const Real* from, Real* to, std::int64_t features) {
    const std::int64_t count = config.state_rows() * inputs.B * features;
    if (to) from ? std::copy_n(from, count, to) : std::fill_n(to, count, Real(0));
  };
  keep(inputs.h_0, outputs.h_n, config.output_size());
  if (config.has_c()) keep(inputs.c_0, outputs.c_n, config.hidden_size);
}

}  // namespace

void check_state(const Config& config, std::int64_t B, const void* h, const void* c) {
  if (!config.has_c()) {
    if (c) throw Error("c_0", "unexpected tensor", inputs_text(config));
  } else if (!h != !c) {
    throw Error(h ? "c_0" : "h_0", "missing", state_text(config, B, h != nullptr));
  }
}

template <class Real>
BasicRecurrent<Real>::BasicRecurrent(const Config& config, const std::vector<TensorView>& tensors, const Options& options)
    : BasicRecurrent(config, tensors, checked_kernels<Real>(config, options), options.num_threads) {}

template <class Real>
BasicRecurrent<Real>::BasicRecurrent(const Config& config, const std::vector<TensorView>& tensors, const Kernels<Real>& kernels,
                                     int num_threads) {
  config.check();
  check_real<Real>(config);
  check_threads(num_threads);
  const FpEnvironment fp_environment;
  Network<Real> network(config, tensors, kernels);
  const std::int64_t processors = std::max(1u, std::thread::hardware_concurrency());
  try {
    engine_.reset(new Engine{std::move(network), kernels.name, num_threads, processors, ThreadPool(num_threads)});
  } catch (const std::system_error&) {
    throw Error("num_threads", std::to_string(num_threads), "fewer");
  }
}

template <class Real>
const Config& BasicRecurrent<Real>::config() const {
  return engine_->network.config;
}
template <class Real>
const std::string& BasicRecurrent<Real>::isa() const {
  return engine_->isa;
}
template <class Real>
int BasicRecurrent<Real>::num_threads() const {
  return engine_->num_threads;
}

// All memory is allocated before anything is computed, so that a call without enough of it leaves the outputs untouched.
template <class Real>
void BasicRecurrent<Real>::forward(const BasicInputs<Real>& inputs, const BasicOutputs<Real>& outputs,
                                   std::vector<BasicTrace<Real>>* trace) const {
  const FpEnvironment fp_environment;
  check_arguments(config(), inputs, outputs);
  const std::int64_t T = inputs.T, B = inputs.B, L = config().num_layers, D = config().directions();
  if (trace) *trace = empty_trace(engine_->network, T, B);
  if (T == 0) return keep_states(config(), inputs, outputs);
  Call<Real> call = {engine_->network, inputs, outputs, trace, Masks<Real>(config(), inputs), {}};
  if (D == 2 && L > 1) {
    call.layer_buffer = AlignedBuffer<Real>::uninitialized(checked_product(checked_product(T, B), D * config().output_size()));
  }
  Schedule<Real> schedule(call, make_plan(call, std::min<std::int64_t>(engine_->pool.size(), engine_->num_processors)));
  engine_->pool.run(schedule.threads(), [&](int part) {
    const FpEnvironment part_environment;
    schedule.run(part);
  });
  clear_past_lengths(config(), inputs, outputs.y);
}

template <class Real>
BasicStream<Real> BasicRecurrent<Real>::stream(std::int64_t batch) const {
  return BasicStream<Real>(*this, batch);
}

template class BasicRecurrent<float>;
template class BasicRecurrent<double>;

}  // namespace lstm_ref
