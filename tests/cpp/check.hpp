// A check is one line: CHECK(condition), CHECK_EQ(got, wanted), CHECK_BITS(got, wanted), CHECK_THROWS(expression, "the error's
// words"). A program ends with `return check::summary();`, which fails when a check failed and also when none was made.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

namespace check {

inline std::atomic<long> made = 0, failed = 0;  // checks are made in threads, too

inline std::string show(float value) {  // both the number and its bits: 0.1 (0x3dcccccd)
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  char text[64];
  std::snprintf(text, sizeof text, "%.9g (0x%08x)", static_cast<double>(value), static_cast<unsigned>(bits));
  return text;
}
inline std::string show(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  char text[64];
  std::snprintf(text, sizeof text, "%.17g (0x%016llx)", value, static_cast<unsigned long long>(bits));
  return text;
}
inline std::string show(bool value) { return value ? "true" : "false"; }
template <class T>
std::string show(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

template <class Real>
bool same_bits(Real a, Real b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
}  // a NaN equals a NaN (N7)

inline void report(bool ok, const char* file, int line, const std::string& message) {
  ++made;
  if (ok) return;
  if (++failed <= 50) std::cerr << file << ':' << line << ": " << message << '\n';
}

inline void report_pair(bool ok, const char* file, int line, const char* what, const std::string& got,
                        const std::string& wanted) {
  report(ok, file, line, ok ? std::string() : std::string(what) + "\n  got  " + got + "\n  want " + wanted);
}

template <class Function>
void report_throws(const char* file, int line, const char* what, Function function, const std::string& wanted) {
  std::string got = "no error";
  try {
    function();
  } catch (const std::exception& error) {
    got = error.what();
  }
  report_pair(got == wanted, file, line, what, got, wanted);
}

inline int summary() {
  std::cout << made << " checks, " << failed << " failed\n";
  if (made == 0) std::cerr << "no check was made: that is a failure\n";
  return made > 0 && failed == 0 ? 0 : 1;
}

}  // namespace check

#define CHECK(condition) check::report(static_cast<bool>(condition), __FILE__, __LINE__, #condition)
#define CHECK_EQ(got, wanted)                                                                               \
  do {                                                                                                      \
    const auto got_ = (got);                                                                                \
    const auto wanted_ = (wanted);                                                                          \
    check::report_pair(got_ == wanted_, __FILE__, __LINE__, #got, check::show(got_), check::show(wanted_)); \
  } while (false)
#define CHECK_BITS(got, wanted)                                                                                             \
  do {                                                                                                                      \
    const auto got_ = (got);                                                                                                \
    const decltype(got_) wanted_ = (wanted);                                                                                \
    check::report_pair(check::same_bits(got_, wanted_), __FILE__, __LINE__, #got, check::show(got_), check::show(wanted_)); \
  } while (false)
#define CHECK_THROWS(expression, wanted) \
  check::report_throws(__FILE__, __LINE__, #expression, [&] { static_cast<void>(expression); }, wanted)
