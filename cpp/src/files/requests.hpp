// Programs that answer requests, one JSON object a line in, one out: the runner (spec/runner.md), the benchmark worker.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/json.hpp"

namespace lstm_ref {

// The members of a request; of repeated ones the last. Errors: "request.KEY: GOT, want WANTED".
class Request {
 public:
  explicit Request(std::vector<json::Member> members) : members_(std::move(members)) {}

  bool has(std::string_view key) const { return json::find(members_, key) != nullptr; }
  std::string string(const std::string& key, const std::string& want = "a string") const;
  std::int64_t integer(const std::string& key) const;
  double number(const std::string& key, const std::string& want = "a number") const;
  bool flag(const std::string& key) const;           // false when absent
  std::string describe(std::string_view key) const;  // the value in the words of an error message
  std::optional<std::int64_t> seq() const;           // when there is one that is an integer

 private:
  const json::Value& member(const std::string& key, json::Kind kind, const std::string& want) const;
  std::vector<json::Member> members_;
};

struct Answer {
  std::string members;  // of the JSON object: "a": 1, "b": 2
  bool stop = false;
};

// Answers every line until one answer says stop or the input ends. What `answer` throws becomes {"error": MESSAGE}, after the
// request's seq if it has one.
void serve(std::istream& in, std::ostream& out, const std::function<Answer(const Request&)>& answer);

}  // namespace lstm_ref
