#include "cell.hpp"

namespace lstm_ref {

std::vector<Phase> phases_of(const Config& config) {
  const std::int64_t H = config.hidden_size, R = config.output_size();
  const Columns none = {0, {}}, all = {0, {0, 1, 2, 3}}, only = {0, {0}};
  switch (config.op) {
    case Op::kRnn:
      return {{Part::kRnn, H, H, 1, only, only}};  // n
    case Op::kGru:
      if (config.reset_after) return {{Part::kGruAfter, H, H, 4, {0, {2, 0, 1}}, {1, {0, 1, 2}}}};  // n_x, r, u, n_h
      return {{Part::kGruReset, H, H, 2, {0, {0, 1}}, {0, {0, 1}}},                                 // r, u
              {Part::kGruCandidate, H, H, 1, {0, {2}}, {0, {2}}}};                                  // n
    case Op::kLstm:
      break;
  }
  const Phase lstm = {Part::kLstm, H, R, 4, all, all};  // i, f, g, o
  if (config.proj_size) return {lstm, {Part::kProjection, R, H, 1, none, only}};
  return {lstm};
}

}  // namespace lstm_ref
