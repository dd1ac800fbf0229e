// Instruction sets of this build that this machine can run.
#pragma once

#include <string>
#include <vector>

namespace lstm_ref {

// "baseline" first, the fastest last; some of: baseline, avx2, avx512 (x86-64), neon (arm64).
// All give the same bits. The environment variable LSTM_REF_ISA names the one to use where a program names none.
std::vector<std::string> available_isas();

}  // namespace lstm_ref
