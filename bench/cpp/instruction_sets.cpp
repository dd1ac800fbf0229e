#include "instruction_sets.hpp"

#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace lstm_ref::bench {
namespace {

constexpr const InstructionSet* kAll[] = {
    &kBaseline,
#if defined(LSTM_REF_X86_64)
    &kAvx2,
    &kAvx512,
#elif defined(LSTM_REF_ARM64)
    &kNeon,
#endif
};

}  // namespace

std::vector<const InstructionSet*> instruction_sets() {
  std::vector<const InstructionSet*> sets;
  for (const std::string& isa : available_isas()) sets.push_back(&find_instruction_set(isa));
  return sets;
}

const InstructionSet& find_instruction_set(const std::string& isa) {
  std::string names;
  for (const std::string& available : available_isas()) {
    for (const InstructionSet* set : kAll) {
      if (isa == available && isa == set->name) return *set;
    }
    names += (names.empty() ? "" : ", ") + available;
  }
  throw Error("isa", '"' + isa + '"', "one of " + names);
}

}  // namespace lstm_ref::bench
