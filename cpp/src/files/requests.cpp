#include "files/requests.hpp"

#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>

#include "lstm_ref/error.hpp"

namespace lstm_ref {
namespace {

constexpr const char* kTooLittleMemory = "memory: too little for this case, want a smaller one";

Request parse(std::string_view line) {
  const auto object = json::Value::parse(line);
  if (!object || object->kind() != json::Kind::object) throw Error("request", "invalid JSON", "a JSON object");
  return Request(object->members());
}

std::string seq_member(const Request& request) {
  const auto seq = request.seq();
  return seq ? "\"seq\": " + std::to_string(*seq) + ", " : "";
}

// The answer to one line, whatever it holds.
Answer answer_line(std::string_view line, const std::function<Answer(const Request&)>& answer) {
  std::string seq;
  const auto error = [&](const std::string& message) { return Answer{seq + "\"error\": " + json::quote(message)}; };
  try {
    const Request request = parse(line);
    seq = seq_member(request);
    return answer(request);
  } catch (const Error& invalid) {
    return error(invalid.parameter + ": " + invalid.got + ", want " + invalid.want);  // what() would end at a U+0000
  } catch (const std::bad_alloc&) {
    return error(kTooLittleMemory);
  } catch (const std::length_error&) {  // what a vector throws when asked for more than can exist
    return error(kTooLittleMemory);
  } catch (const std::exception& failure) {
    return error(failure.what());
  }
}

}  // namespace

const json::Value& Request::member(const std::string& key, json::Kind kind, const std::string& want) const {
  const json::Value* value = json::find(members_, key);
  if (!value) throw Error("request." + key, "missing", want);
  if (value->kind() != kind) throw Error("request." + key, value->describe(), want);
  return *value;
}

std::string Request::string(const std::string& key, const std::string& want) const {
  return member(key, json::Kind::string, want).string();
}

std::int64_t Request::integer(const std::string& key) const {
  const json::Value& value = member(key, json::Kind::number, "an integer");
  const auto integer = value.integer();
  if (!integer) throw Error("request." + key, value.describe(), "an integer");
  return *integer;
}

double Request::number(const std::string& key, const std::string& want) const {
  return std::strtod(std::string(member(key, json::Kind::number, want).text()).c_str(), nullptr);
}

bool Request::flag(const std::string& key) const {
  return has(key) && member(key, json::Kind::boolean, "true or false").boolean();
}

std::string Request::describe(std::string_view key) const {
  const json::Value* value = json::find(members_, key);
  return value ? value->describe() : "missing";
}

std::optional<std::int64_t> Request::seq() const {
  const json::Value* value = json::find(members_, "seq");
  return value ? value->integer() : std::nullopt;
}

void serve(std::istream& in, std::ostream& out, const std::function<Answer(const Request&)>& answer) {
  for (std::string line; std::getline(in, line);) {
    const Answer reply = answer_line(line, answer);
    out << '{' << reply.members << '}' << std::endl;
    if (reply.stop) break;
  }
}

}  // namespace lstm_ref
