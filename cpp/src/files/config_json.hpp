// The configuration as a model file holds it (spec/model-file.md, F2).
#pragma once

#include <string>
#include <string_view>

#include "lstm_ref/config.hpp"

namespace lstm_ref {

// Check 5, that the text is a JSON object, and check 6.
Config parse_config(std::string_view text);

// Options only where they are chosen, so that a plain LSTM's text is what it always was.
std::string config_text(const Config& config);

}  // namespace lstm_ref
