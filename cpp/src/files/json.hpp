// A strict JSON reader (RFC 8259; spec model-file.md, check 2). A text is checked once, without allocating; after that a Value is
// a view into it, decoded when asked. Members keep their order and their repetitions, so that the caller can refuse a key written
// twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lstm_ref::json {

enum class Kind { null, boolean, number, string, array, object };

struct Member;

class Value {
 public:
  // The value a text holds, or nothing when the text is not valid. The text must outlive the value.
  static std::optional<Value> parse(std::string_view text);

  Kind kind() const;
  std::string_view text() const { return text_; }  // as written
  bool boolean() const { return text_ == "true"; }
  std::optional<std::int64_t> integer() const;  // a number without fraction or exponent, at most 2^53 - 1 in magnitude
  std::string string() const;                   // decoded, UTF-8
  std::vector<Value> elements() const;
  std::vector<Member> members() const;

  // The value in the words of an error message: 3, "gru", true, null, a number, an array, an object (spec errors.md).
  std::string describe() const;

 private:
  explicit Value(std::string_view text) : text_(text) {}
  std::string_view text_;
};

struct Member {
  std::string key;
  Value value;
};

// The member of that name: the last one, if the caller lets a key be repeated.
const Value* find(const std::vector<Member>& members, std::string_view key);

// A string as JSON: quoted and escaped. The text is UTF-8.
std::string quote(std::string_view text);

}  // namespace lstm_ref::json
