#include "sequence.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace lstm_ref {
namespace {

// Enough rows in a block for its weights to be read from cache or memory once for many products, and few enough for its z
// to stay in the second-level cache.
constexpr std::int64_t kBlockRows = 96;

void copy(float* to, const float* from, std::int64_t count) {
  if (to != from) std::memcpy(to, from, count * sizeof(float));
}

// (P, 4, V) -> (4*H,)
void unpack_gates(float* to, const float* packed, std::int64_t H, int lanes) {
  for (int gate = 0; gate < 4; ++gate) {
    for (std::int64_t unit = 0; unit < H; ++unit) {
      *to++ = packed[(unit / lanes * 4 + gate) * lanes + unit % lanes];
    }
  }
}

}  // namespace

RowRange::RowRange(const Call& call, std::int64_t begin, std::int64_t end) : call_(call) {
  const Inputs& inputs = call.inputs;
  const std::int64_t count = end - begin;
  rows_.resize(count);
  std::iota(rows_.begin(), rows_.end(), begin);
  const auto length = [&](std::int64_t b) { return inputs.lengths ? inputs.lengths[b] : inputs.T; };
  std::stable_sort(rows_.begin(), rows_.end(), [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  std::int64_t all_steps = 0;  // of all rows together
  for (const std::int64_t b : rows_) {
    lengths_.push_back(length(b));
    all_steps += lengths_.back();
  }

  const std::int64_t H = call.network.config.hidden_size;
  const int lanes = call.network.kernels.lanes;
  const std::int64_t padded_units = panel_count(H, lanes) * lanes;  // P*V
  const std::int64_t block_rows = std::min(all_steps, std::max(count, kBlockRows));
  block_inputs_.resize(block_rows);
  block_z_.resize(block_rows);
  block_active_.reserve(block_rows);
  h_.resize(count);
  h_new_.resize(count);
  c_.resize(count);
  z_buffer_ = AlignedBuffer(checked_product(block_rows, 4 * padded_units));
  c_buffer_ = AlignedBuffer(checked_product(count, padded_units));
  zero_state_ = AlignedBuffer(H);
  for (std::int64_t r = 0; r < block_rows; ++r) block_z_[r] = z_buffer_.data() + r * 4 * padded_units;
  for (std::int64_t r = 0; r < count; ++r) c_[r] = c_buffer_.data() + r * padded_units;
}

void RowRange::run() {
  const Config& config = call_.network.config;
  const std::int64_t T = call_.inputs.T, B = call_.inputs.B, I = config.input_size, L = config.num_layers;
  const std::int64_t D = config.directions(), H = config.hidden_size;
  const auto sequence = [&](auto* data, std::int64_t features) -> Sequence<std::remove_pointer_t<decltype(data)>> {
    if (config.batch_first) return {data, features, T * features};
    return {data, B * features, features};
  };
  const Sequence<float> y = sequence(call_.outputs.y, D * H);
  // When D = 1 every layer overwrites its own input in y, block by block. When D = 2 the reverse direction still needs the
  // input after the forward one, so that the layers alternate between y and the buffer, and the last one ends in y.
  const Sequence<float> buffer = {call_.layer_buffer.data(), B * D * H, D * H};

  Sequence<const float> input = sequence(call_.inputs.x, I);  // x_0 = x
  for (std::int64_t layer = 0; layer < L; ++layer) {
    const Sequence<float> output = D == 1 || (L - 1 - layer) % 2 == 0 ? y : buffer;
    for (int direction = 0; direction < D; ++direction) {
      run_direction(layer, direction, input, {output.data + direction * H, output.step_size, output.row_size});  // (4.1)
    }
    input = output.read_only();  // (4.2)
  }
  clear_past_lengths(y);
}

void RowRange::run_direction(std::int64_t layer, int direction, Sequence<const float> input, Sequence<float> output) {
  const Network& network = call_.network;
  const Config& config = network.config;
  const Inputs& inputs = call_.inputs;
  const Outputs& outputs = call_.outputs;
  const std::int64_t H = config.hidden_size, B = inputs.B, I = config.layer_input_size(layer);
  const std::int64_t count = rows_.size(), state_row = layer * config.directions() + direction;
  const PackedWeights& weights = network.weights[state_row];
  const Kernels& kernels = network.kernels;
  const std::int64_t P = panel_count(H, kernels.lanes);
  Trace* const trace = call_.trace ? &(*call_.trace)[state_row] : nullptr;
  const auto state = [&](auto* array, std::int64_t r) { return array + (state_row * B + rows_[r]) * H; };

  for (std::int64_t r = 0; r < count; ++r) {
    h_[r] = inputs.h_0 ? state(inputs.h_0, r) : zero_state_.data();
    copy(c_[r], inputs.c_0 ? state(inputs.c_0, r) : zero_state_.data(), H);
  }

  const std::int64_t steps = count ? lengths_[0] : 0;
  const auto time = [&](std::int64_t step) { return direction == 0 ? step : steps - 1 - step; };  // (3.1), (3.2)
  std::int64_t active = 0;  // rows r < active have lengths_[r] > t
  const auto count_active = [&](std::int64_t t) {
    while (active > 0 && lengths_[active - 1] <= t) --active;
    while (active < count && lengths_[active] > t) ++active;
    return active;
  };

  for (std::int64_t step = 0; step < steps; step += block_active_.size()) {
    block_active_.clear();
    std::size_t block_rows = 0;
    for (std::int64_t s = step; s < steps; ++s) {
      const std::int64_t t = time(s), n = count_active(t);
      if (block_rows + n > block_inputs_.size()) break;
      for (std::int64_t r = 0; r < n; ++r) block_inputs_[block_rows++] = input.at(t, rows_[r]);
      block_active_.push_back(n);
    }
    kernels.affine(block_z_.data(), weights.bias.data(), weights.weight_ih.data(), block_inputs_.data(), block_rows, I, P);

    float* const* z = block_z_.data();
    for (std::size_t s = 0; s < block_active_.size(); ++s) {
      const std::int64_t t = time(step + s), n = block_active_[s];
      for (std::int64_t r = 0; r < n; ++r) h_new_[r] = output.at(t, rows_[r]);   // (3.3)
      kernels.affine(z, nullptr, weights.weight_hh.data(), h_.data(), n, H, P);  // (2.1)
      if (trace) {
        for (std::int64_t r = 0; r < n; ++r) unpack_gates(&trace->z[(t * B + rows_[r]) * 4 * H], z[r], H, kernels.lanes);
      }
      kernels.step(z, c_.data(), h_new_.data(), n, H, trace != nullptr);  // (2.2)-(2.4)
      if (trace) {
        for (std::int64_t r = 0; r < n; ++r) {
          const std::int64_t row = t * B + rows_[r];
          unpack_gates(&trace->gates[row * 4 * H], z[r], H, kernels.lanes);
          copy(&trace->c[row * H], c_[r], H);
          copy(&trace->h[row * H], h_new_[r], H);
        }
      }
      std::copy_n(h_new_.begin(), n, h_.begin());
      z += n;
    }
  }

  for (std::int64_t r = 0; r < count; ++r) {  // (3.4)
    if (outputs.h_n) copy(state(outputs.h_n, r), h_[r], H);
    if (outputs.c_n) copy(state(outputs.c_n, r), c_[r], H);
  }
}

void RowRange::clear_past_lengths(Sequence<float> y) {  // (3.3)
  const Config& config = call_.network.config;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::int64_t t = lengths_[r]; t < call_.inputs.T; ++t) {
      std::fill_n(y.at(t, rows_[r]), config.directions() * config.hidden_size, 0.0f);
    }
  }
}

}  // namespace lstm_ref
