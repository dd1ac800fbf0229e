// The instruction sets of this machine, for the benchmarks.
#pragma once

#include <string>
#include <vector>

#include "instruction_set.hpp"

namespace lstm_ref::bench {

// In the order of available_isas(): baseline first, the fastest last.
std::vector<const InstructionSet*> instruction_sets();

const InstructionSet& find_instruction_set(const std::string& isa);  // throws Error

}  // namespace lstm_ref::bench
