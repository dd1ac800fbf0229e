#include "json.hpp"

#include <algorithm>
#include <cstddef>

namespace lstm_ref::json {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Walks over a text from the left. Each accept_* moves past what it names and says whether it was there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
  }

  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool accept_value(int depth) {  // depth: the level that an array or object here would have
    switch (peek()) {
      case 'n':
        return accept("null");
      case 't':
        return accept("true");
      case 'f':
        return accept("false");
      case '"':
        return accept_string();
      case '[':
        return accept_list(depth, ']', [this](int inner) { return accept_value(inner); });
      case '{':
        return accept_list(depth, '}', [this](int inner) { return accept_member(inner); });
      default:
        return accept_number();
    }
  }

  bool accept_string() {
    if (!accept("\"")) return false;
    while (!accept("\"")) {
      if (peek() == '\\' ? !accept_escape() : !accept_character()) return false;
    }
    return true;
  }

  // The four digits after \u.
  std::optional<std::uint32_t> accept_hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(peek());
      if (digit == std::string_view::npos) return std::nullopt;
      value = 16 * value + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return value;
  }

 private:
  template <class AcceptItem>
  bool accept_list(int depth, char close, AcceptItem accept_item) {
    if (depth > kMaxDepth) return false;
    ++at_;
    skip_space();
    if (accept({&close, 1})) return true;
    while (accept_item(depth + 1)) {
      skip_space();
      if (accept({&close, 1})) return true;
      if (!accept(",")) return false;
      skip_space();
    }
    return false;
  }

  bool accept_member(int depth) {
    if (!accept_string()) return false;
    skip_space();
    if (!accept(":")) return false;
    skip_space();
    return accept_value(depth);
  }

  bool accept_digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  }

  bool accept_number() {
    accept("-");
    if (!accept("0") && !accept_digits()) return false;
    if (accept(".") && !accept_digits()) return false;
    if (accept("e") || accept("E")) {
      if (!accept("+")) accept("-");
      return accept_digits();
    }
    return true;
  }

  bool accept_escape() {
    ++at_;
    if (!accept("u")) return !at_end() && std::string_view("\"\\/bfnrt").find(text_[at_++]) != std::string_view::npos;
    const auto unit = accept_hex4();
    if (!unit || (*unit >= 0xdc00 && *unit <= 0xdfff)) return false;
    if (*unit < 0xd800 || *unit > 0xdbff) return true;
    if (!accept("\\u")) return false;
    const auto low = accept_hex4();
    return low && *low >= 0xdc00 && *low <= 0xdfff;
  }

  // One character as it is: no control character, well-formed UTF-8.
  bool accept_character() {
    const std::size_t length = at_end() ? 0 : utf8_length();
    at_ += length;
    return length > 0;
  }

  // Bytes of the character here; 0 for a control character, an overlong form, a surrogate, or what lies past U+10FFFF.
  std::size_t utf8_length() const {
    const auto byte = [this](std::size_t i) { return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0u; };
    const auto in = [&](std::size_t i, unsigned first, unsigned last) { return byte(i) >= first && byte(i) <= last; };
    const unsigned lead = byte(0);
    if (in(0, 0x20, 0x7f)) return 1;
    if (in(0, 0xc2, 0xdf) && in(1, 0x80, 0xbf)) return 2;
    const bool third = in(2, 0x80, 0xbf), fourth = in(3, 0x80, 0xbf);
    if (in(0, 0xe0, 0xef) && in(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && third) return 3;
    if (in(0, 0xf0, 0xf4) && in(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && third && fourth) return 4;
    return 0;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  }
}

// The characters of a checked string literal, quotes included in `text`.
std::string decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') {
      result.push_back(text[i]);
      continue;
    }
    static constexpr std::string_view letters = "bfnrt", controls = "\b\f\n\r\t";
    const char letter = text[++i];
    if (letter == 'u') {
      std::uint32_t code = *Scanner(text.substr(i + 1)).accept_hex4();
      i += 4;
      if (code >= 0xd800 && code <= 0xdbff) {  // a pair, \uD834\uDD1E
        code = 0x10000 + ((code - 0xd800) << 10) + (*Scanner(text.substr(i + 3)).accept_hex4() - 0xdc00);
        i += 6;
      }
      append_utf8(result, code);
    } else if (const std::size_t k = letters.find(letter); k != std::string_view::npos) {
      result.push_back(controls[k]);
    } else {
      result.push_back(letter);
    }
  }
  return result;
}

// Calls visit(scanner) at the start of every item of a checked array or object.
template <class Visit>
void for_each_item(std::string_view list, Visit visit) {
  Scanner scanner(list);
  scanner.accept(list.substr(0, 1));
  scanner.skip_space();
  while (scanner.position() + 1 < list.size()) {
    visit(scanner);
    scanner.skip_space();
    scanner.accept(",");
    scanner.skip_space();
  }
}

}  // namespace

std::optional<Value> Value::parse(std::string_view text) {
  Scanner scanner(text);
  scanner.skip_space();
  const std::size_t begin = scanner.position();
  if (!scanner.accept_value(1)) return std::nullopt;
  const std::size_t end = scanner.position();
  scanner.skip_space();
  if (!scanner.at_end()) return std::nullopt;
  return Value(text.substr(begin, end - begin));
}

Kind Value::kind() const {
  switch (text_.front()) {
    case 'n':
      return Kind::null;
    case 't':
    case 'f':
      return Kind::boolean;
    case '"':
      return Kind::string;
    case '[':
      return Kind::array;
    case '{':
      return Kind::object;
    default:
      return Kind::number;
  }
}

std::optional<std::int64_t> Value::integer() const {
  if (kind() != Kind::number) return std::nullopt;
  const bool negative = text_.front() == '-';
  std::int64_t magnitude = 0;
  for (const char c : text_.substr(negative ? 1 : 0)) {
    if (!is_digit(c)) return std::nullopt;
    magnitude = 10 * magnitude + (c - '0');
    if (magnitude > kMaxInteger) return std::nullopt;
  }
  return negative ? -magnitude : magnitude;
}

std::string Value::string() const { return decode(text_); }

std::vector<Value> Value::elements() const {
  std::vector<Value> elements;
  for_each_item(text_, [&](Scanner& scanner) {
    const std::size_t begin = scanner.position();
    scanner.accept_value(1);
    elements.push_back(Value(text_.substr(begin, scanner.position() - begin)));
  });
  return elements;
}

std::vector<Member> Value::members() const {
  std::vector<Member> members;
  for_each_item(text_, [&](Scanner& scanner) {
    const std::size_t key = scanner.position();
    scanner.accept_string();
    const std::size_t key_end = scanner.position();
    scanner.skip_space();
    scanner.accept(":");
    scanner.skip_space();
    const std::size_t value = scanner.position();
    scanner.accept_value(1);
    members.push_back({decode(text_.substr(key, key_end - key)), Value(text_.substr(value, scanner.position() - value))});
  });
  return members;
}

std::string Value::describe() const {
  switch (kind()) {
    case Kind::array:
      return "an array";
    case Kind::object:
      return "an object";
    case Kind::string:
      return '"' + string() + '"';
    case Kind::number:
      return integer() ? std::to_string(*integer()) : "a number";
    default:
      return std::string(text_);
  }
}

const Value* find(const std::vector<Member>& members, std::string_view key) {
  const auto found = std::find_if(members.rbegin(), members.rend(), [&](const Member& member) { return member.key == key; });
  return found == members.rend() ? nullptr : &found->value;
}

std::string quote(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + '"';
}

}  // namespace lstm_ref::json
