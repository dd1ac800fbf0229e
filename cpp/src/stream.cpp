// One step at a time: in each layer x and h meet their weights in one pass.
#include <algorithm>
#include <array>

#include "engine.hpp"
#include "fp_environment.hpp"

namespace lstm_ref {
namespace {

template <class Real>
struct LayerState {
  LayerState(const Network<Real>& network, std::int64_t batch)
      : h(network, batch), c(AlignedBuffer<Real>::zeros(network.c_size(batch))) {}

  HiddenStates<Real> h;
  AlignedBuffer<Real> c;                          // (P, B, V)
  std::array<CellStep<Real>, kMaxPhases> phases;  // of a step, all but what changes from step to step
};

std::int64_t checked_batch(const Config& config, std::int64_t batch) {
  if (config.bidirectional) throw Error("bidirectional", "true", "false: a stream has no reverse direction");
  if (batch < 1) throw Error("batch", std::to_string(batch), "an integer of at least 1");
  check_output_sizes(config, 1, batch);
  return batch;
}

}  // namespace

template <class Real>
struct BasicStream<Real>::Impl {
  using Engine = typename BasicRecurrent<Real>::Engine;

  Impl(std::shared_ptr<const Engine> shared, std::int64_t batch)
      : engine(std::move(shared)),
        network(engine->network),
        batch(checked_batch(network.config, batch)),
        x(batch),
        y(batch),
        keep_h(batch, network.keep_h.data()),
        keep_c(batch, network.keep_c.data()),
        moments(2 * batch * 4),
        z(AlignedBuffer<Real>::uninitialized(checked_product(std::max(batch, kSideBySide), 4 * network.kernels.lanes))) {
    if (network.keep_h.data()) masks.keep_h = keep_h.data();
    if (network.keep_c.data()) masks.keep_c = keep_c.data();
    for (std::int64_t layer = 0; layer < network.config.num_layers; ++layer) {
      LayerState<Real>& state = layers.emplace_back(network, batch);
      const bool is_last_layer = layer + 1 == network.config.num_layers;
      for (std::size_t phase = 0; phase < network.phases.size(); ++phase) {
        CellStep<Real>& cell = state.phases[phase] = network.step(layer, phase, network.config.layer_input_size(layer));
        cell.rows = cell.c_rows = batch;
        cell.panels = {0, network.panels(phase)};
        state.h.place(&cell, phase);
        cell.start = network.phases[phase].is_separate() ? network.zeros() : network.bias(layer, phase);
        cell.z = z.data();
        cell.c = state.c.data();
        cell.y = is_last_layer && cell.is_last ? y.data() : nullptr;
        cell.moments = moments.data();
        cell.masks = masks.keep_h || masks.keep_c ? &masks : nullptr;
      }
    }
  }

  // (L, B, R) and the states within: visit(index of a row's first unit, h, number of units).
  template <class Visit>
  void for_each_h(const Visit& visit) const {
    const std::int64_t R = network.config.output_size();
    for (std::size_t l = 0; l < layers.size(); ++l) {
      for (std::int64_t b = 0; b < batch; ++b) visit((l * batch + b) * R, layers[l].h.of(step)[b], R);
    }
  }

  // (L, B, H), one vector of units at a time.
  template <class Visit>
  void for_each_c(const Visit& visit) const {
    const std::int64_t H = network.config.hidden_size, lanes = network.kernels.lanes;
    for (std::size_t l = 0; network.config.has_c() && l < layers.size(); ++l) {
      for (std::int64_t b = 0; b < batch; ++b) {
        for (std::int64_t unit = 0; unit < H; unit += lanes) {
          visit((l * batch + b) * H + unit, layers[l].c.data() + (unit / lanes * batch + b) * lanes, std::min(lanes, H - unit));
        }
      }
    }
  }

  const std::shared_ptr<const Engine> engine;
  const Network<Real>& network;
  const std::int64_t batch;
  std::int64_t step = 0;
  std::vector<LayerState<Real>> layers;
  std::vector<const Real*> x;               // (I,) of each row
  std::vector<Real*> y;                     // (R,) of each row
  RowMasks<Real> masks = {};                // evaluation: the rates of zoneout
  std::vector<const Real*> keep_h, keep_c;  // (R,), (H,) of each row
  std::vector<Moments<Real>> moments;       // (2, B, 4)
  AlignedBuffer<Real> z;                    // (B, 4, V)
};

template <class Real>
BasicStream<Real>::BasicStream(const BasicRecurrent<Real>& network, std::int64_t batch)
    : impl_(std::make_unique<Impl>(network.engine_, batch)) {}
template <class Real>
BasicStream<Real>::BasicStream(BasicStream&&) noexcept = default;
template <class Real>
BasicStream<Real>& BasicStream<Real>::operator=(BasicStream&&) noexcept = default;
template <class Real>
BasicStream<Real>::~BasicStream() = default;

template <class Real>
std::int64_t BasicStream<Real>::batch() const {
  return impl_->batch;
}

template <class Real>
void BasicStream<Real>::step(const Real* x, Real* y) {
  const FpEnvironment fp_environment;
  Impl& self = *impl_;
  const Network<Real>& network = self.network;
  const std::int64_t I = network.config.input_size, R = network.config.output_size(), L = network.config.num_layers;
  for (std::int64_t b = 0; b < self.batch; ++b) {
    self.x[b] = x + b * I;
    self.y[b] = y + b * R;
  }
  const Real* const* inputs = self.x.data();  // x_0 = x
  for (std::int64_t l = 0; l < L; ++l) {
    LayerState<Real>& layer = self.layers[l];
    for (std::size_t phase = 0; phase < network.phases.size(); ++phase) {
      CellStep<Real>& cell = layer.phases[phase];
      cell.backwards = self.step % 2;
      cell.products[0].inputs = inputs;
      layer.h.connect(&cell, phase, self.step);
      if (network.phases[phase].waits_for_z()) network.kernels.sums(cell);
      network.compute(cell);
    }
    inputs = layer.h.of(self.step + 1);  // (4.2)
  }
  ++self.step;
}

template <class Real>
void BasicStream<Real>::state(Real* h, Real* c) const {
  impl_->for_each_h([&](std::int64_t at, const Real* from, std::int64_t count) { std::copy_n(from, count, h + at); });
  impl_->for_each_c([&](std::int64_t at, const Real* from, std::int64_t count) { std::copy_n(from, count, c + at); });
}

template <class Real>
void BasicStream<Real>::set_state(const Real* h, const Real* c) {
  check_state(impl_->network.config, impl_->batch, h, c);
  const auto put = [](const Real* from, std::int64_t at, Real* to, std::int64_t count) {
    from ? std::copy_n(from + at, count, to) : std::fill_n(to, count, Real(0));
  };
  impl_->for_each_h([&](std::int64_t at, Real* to, std::int64_t count) { put(h, at, to, count); });
  impl_->for_each_c([&](std::int64_t at, Real* to, std::int64_t count) { put(c, at, to, count); });
}

template class BasicStream<float>;
template class BasicStream<double>;

}  // namespace lstm_ref
