#include "options.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "lstm_ref/error.hpp"

namespace lstm_ref::bench {

Options::Options(int argc, char** argv, const std::vector<std::string>& with_value, const std::vector<std::string>& flags) {
  const auto contains = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::string known;
  for (const auto* names : {&with_value, &flags}) {
    for (const std::string& name : *names) known += (known.empty() ? "" : ", ") + name;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool wants_value = contains(with_value, name);
    if (!wants_value && !contains(flags, name)) throw Error(name, "unknown option", "one of " + known);
    if (has(name)) throw Error(name, "written twice", "once");
    if (wants_value && i + 1 == argc) throw Error(name, "missing", "a value");
    values_[name] = wants_value ? argv[++i] : "";
  }
}

std::string Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

double Options::seconds(const std::string& name, double otherwise) const {
  if (!has(name)) return otherwise;
  const std::string value = text(name);
  char* end = nullptr;
  const double seconds = std::strtod(value.c_str(), &end);
  if (end == value.c_str() || *end || !(seconds > 0 && seconds <= 3600))
    throw Error(name, '"' + value + '"', "seconds, above 0 and at most 3600");
  return seconds;
}

std::int64_t Options::integer(const std::string& name, std::int64_t least, std::int64_t most, std::int64_t otherwise) const {
  if (!has(name)) return otherwise;
  const std::string value = text(name);
  char* end = nullptr;
  const long long integer = std::strtoll(value.c_str(), &end, 10);
  if (end == value.c_str() || *end || integer < least || integer > most) {
    throw Error(name, '"' + value + '"', "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return integer;
}

int run_program(const char* name, int argc, char** argv, int (*main_with)(int, char**)) {
  try {
    return main_with(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 2;
  }
}

}  // namespace lstm_ref::bench
