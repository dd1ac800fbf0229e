// The options of a benchmark program: --name VALUE, or --name alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lstm_ref::bench {

class Options {
 public:
  // Throws Error about an option that is in neither list, lacks its value or is written twice.
  Options(int argc, char** argv, const std::vector<std::string>& with_value, const std::vector<std::string>& flags);

  bool has(const std::string& name) const { return values_.count(name) > 0; }
  // The values; `otherwise`, or no text, when absent. Throws Error about one that is no number or out of range.
  std::string text(const std::string& name) const;
  double seconds(const std::string& name, double otherwise) const;  // above 0 and at most 3600
  std::int64_t integer(const std::string& name, std::int64_t least, std::int64_t most, std::int64_t otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

// Runs main_with(argc, argv); an Error becomes one line on standard error and the status 2.
int run_program(const char* name, int argc, char** argv, int (*main_with)(int, char**));

}  // namespace lstm_ref::bench
