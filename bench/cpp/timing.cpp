#include "timing.hpp"

#include <algorithm>
#include <limits>

namespace lstm_ref::bench {

Quartiles quartiles(std::vector<double> samples) {
  if (samples.empty()) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none};
  }
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {  // between the two nearest samples
    const double place = share * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, samples.size() - 1);
    return samples[below] + (place - static_cast<double>(below)) * (samples[above] - samples[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

}  // namespace lstm_ref::bench
