#include "base/json_reader.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cmath>

#include "base/encoding.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

using simdjson::dom::element_type;

void append_escaped_pointer(std::string& out, std::string_view name) {
  out += '/';
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
}

struct PointerStep {
  const PointerStep* above = nullptr;
  std::string_view name;
  std::size_t index = 0;
  bool is_index = false;
};

std::string path_to(const PointerStep* step) {
  if (step == nullptr) return {};
  std::string path = path_to(step->above);
  if (step->is_index)
    path += fmt::format("/{}", step->index);
  else
    append_escaped_pointer(path, step->name);
  return path;
}

bool has_duplicate(JsonObject object) {
  constexpr std::size_t kPairwise = 12;
  std::string_view few[kPairwise];
  std::size_t count = 0;
  for (const auto field : object) {
    if (count == kPairwise) break;
    for (std::size_t i = 0; i < count; ++i) {
      if (few[i] == field.key) return true;
    }
    few[count++] = field.key;
  }
  if (count < kPairwise) return false;
  std::vector<std::string_view> keys;
  for (const auto field : object) keys.push_back(field.key);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

Error too_deep() {
  return Error{ErrorCode::kTooDeep, fmt::format("The JSON is nested more than {} levels deep.", kMaxJsonDepth), {}, {}};
}

// `depth`: containers above this element. The parser bounds it too, but does not count an empty container.
Result<> check_tree(JsonElement element, const PointerStep* at, std::size_t depth = 0) {
  if ((element.is_object() || element.is_array()) && depth == kMaxJsonDepth) return fail(too_deep());
  switch (element.type()) {
    case element_type::STRING: {
      const std::string_view text = element.get_string().value_unsafe();
      if (text.find('\0') != std::string_view::npos) {
        return fail_field(path_to(at), "must not contain the character NUL");
      }
      return {};
    }
    case element_type::OBJECT: {
      const JsonObject object = element.get_object().value_unsafe();
      if (has_duplicate(object)) {
        return fail(ErrorCode::kDuplicateKey,
                    fmt::format("The object at \"{}\" holds a key twice; send each key once.", path_to(at)));
      }
      for (const auto field : object) {
        const PointerStep step{at, field.key};
        if (field.key.find('\0') != std::string_view::npos) {
          return fail_field(path_to(at), "a key must not contain the character NUL");
        }
        C4A_CHECK(check_tree(field.value, &step, depth + 1));
      }
      return {};
    }
    case element_type::ARRAY: {
      PointerStep step{at, {}, 0, true};
      for (const JsonElement item : element.get_array().value_unsafe()) {
        C4A_CHECK(check_tree(item, &step, depth + 1));
        ++step.index;
      }
      return {};
    }
    default:
      return {};
  }
}

Error half_character() {
  return Error{ErrorCode::kValidationFailed,
               "A text holds half of a surrogate pair; send whole characters.",
               {{"", "a text holds half of a surrogate pair"}},
               {}};
}

Error number_too_big(const std::string& pointer) {
  return Error{ErrorCode::kValidationFailed,
               fmt::format("The number at \"{}\" does not fit 64 bits; send it as a text.", pointer),
               {{pointer, "must be a number that fits 64 bits"}},
               {}};
}

// Finds the first number that 64 bits cannot hold, and where it stands.
class BigNumberFinder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, BigNumberFinder> {
 public:
  bool Default() { return next(); }
  bool RawNumber(const char* digits, rapidjson::SizeType size, bool) {
    simdjson::dom::parser parser;
    const bool fits = parser.parse(digits, size).error() == simdjson::SUCCESS;
    if (!fits) found_ = path();
    return fits && next();
  }
  bool Key(const char* name, rapidjson::SizeType size, bool) {
    steps_.back() = std::string(name, size);
    return true;
  }
  bool StartObject() { return open({}); }
  bool StartArray() { return open("0"); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  const std::string& found() const { return found_; }

 private:
  bool open(std::string step) {
    steps_.push_back(std::move(step));
    in_array_.push_back(!steps_.back().empty());
    return true;
  }
  bool close() {
    steps_.pop_back();
    in_array_.pop_back();
    return next();
  }
  // A value has ended: the next one of an array stands one further on.
  bool next() {
    if (!in_array_.empty() && in_array_.back()) steps_.back() = std::to_string(std::stoull(steps_.back()) + 1);
    return true;
  }
  std::string path() const {
    std::string path;
    for (const auto& step : steps_) append_escaped_pointer(path, step);
    return path;
  }

  std::vector<std::string> steps_;
  std::vector<bool> in_array_;
  std::string found_;
};

Error number_too_big(std::string_view text) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  BigNumberFinder finder;
  rapidjson::Reader reader;
  reader.Parse<rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag>(stream, finder);
  return number_too_big(finder.found());
}

// The fast parser says only that it failed; this one, on the error path alone, says where and why.
// It is more lenient: what it accepts is valid JSON with half a character or a number past 64 bits in it.
Error diagnose(std::string_view text, simdjson::error_code fast_error) {
  struct Nothing : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Nothing> {
    bool Default() { return true; }
  };
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  Nothing handler;
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (!result.IsError()) {
    return fast_error == simdjson::NUMBER_ERROR ? number_too_big(text) : half_character();
  }
  switch (result.Code()) {
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return half_character();
    case rapidjson::kParseErrorNumberTooBig:
      return number_too_big(text);
    default:
      return Error{ErrorCode::kMalformedJson,
                   fmt::format("The body is not valid JSON: {} (byte {}).", rapidjson::GetParseError_En(result.Code()),
                               result.Offset()),
                   {},
                   {}};
  }
}

}  // namespace

Result<JsonElement> parse_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  thread_local bool sized = false;
  if (!sized || parser.capacity() < text.size()) {
    const std::size_t capacity = std::max<std::size_t>(text.size(), 64 * 1024);
    if (parser.allocate(capacity, kMaxJsonDepth + 1) != simdjson::SUCCESS) {
      return fail(ErrorCode::kOverloaded, "Out of memory for a JSON document; try again.");
    }
    sized = true;
  }
  JsonElement root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  switch (error) {
    case simdjson::SUCCESS:
      break;
    case simdjson::DEPTH_ERROR:
      return fail(too_deep());
    case simdjson::EMPTY:
      return fail(ErrorCode::kMalformedJson, "The body is empty; send a JSON object.");
    case simdjson::UTF8_ERROR:
      return fail(ErrorCode::kMalformedJson, "The body is not valid UTF-8.");
    default:
      return fail(diagnose(text, error));
  }
  C4A_CHECK(check_tree(root, nullptr));
  return root;
}

Result<JsonObject> parse_json_object(std::string_view text) {
  C4A_TRY(const JsonElement root, parse_json(text));
  JsonObject object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return fail_field("", "must be a JSON object");
  return object;
}

std::string compact_json(JsonElement element) { return simdjson::minify(element); }
std::string compact_json(JsonObject object) { return simdjson::minify(object); }

void append_canonical_json(std::string& out, JsonObject object) {
  std::vector<std::pair<std::string_view, JsonElement>> members;
  for (const auto field : object) members.emplace_back(field.key, field.value);
  std::ranges::sort(members, {}, [](const auto& member) { return member.first; });
  out += '{';
  for (const auto& [name, value] : members) {
    append_json_string(out, name);
    out += ':';
    append_canonical_json(out, value);
    out += ',';
  }
  out += '}';
}

void append_canonical_json(std::string& out, JsonElement element) {
  switch (element.type()) {
    case element_type::OBJECT:
      append_canonical_json(out, element.get_object().value_unsafe());
      return;
    case element_type::ARRAY:
      out += '[';
      for (const JsonElement item : element.get_array().value_unsafe()) {
        append_canonical_json(out, item);
        out += ',';
      }
      out += ']';
      return;
    case element_type::STRING:
      append_json_string(out, element.get_string().value_unsafe());
      return;
    case element_type::DOUBLE: {
      // 1.0 and 1 are the same number.
      const double number = element.get_double().value_unsafe();
      if (number == static_cast<double>(static_cast<std::int64_t>(number)) && std::abs(number) < 9e15) {
        out += fmt::format("{}", static_cast<std::int64_t>(number));
      } else {
        out += fmt::format("{}", number);
      }
      return;
    }
    default:
      out += simdjson::minify(element);
  }
}

std::string JsonFields::pointer(std::string_view name) const {
  std::string path = prefix_;
  append_escaped_pointer(path, name);
  return path;
}

void JsonFields::complain(std::string_view name, std::string detail) {
  errors_.push_back({pointer(name), std::move(detail)});
}

std::optional<JsonElement> JsonFields::any(std::string_view name) const {
  JsonElement element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

bool JsonFields::is_null(std::string_view name) const {
  const auto element = any(name);
  return element && element->is_null();
}

std::optional<JsonElement> JsonFields::find(std::string_view name, Need need) {
  auto element = any(name);
  if (element && !element->is_null()) return element;
  if (need == kRequired) complain(name, "is required");
  return std::nullopt;
}

std::optional<std::string_view> JsonFields::text(std::string_view name, Need need, std::size_t min, std::size_t max) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  std::string_view text;
  if (element->get_string().get(text) != simdjson::SUCCESS) {
    complain(name, "must be a text");
    return std::nullopt;
  }
  const std::size_t length = text.size() < min || text.size() > max ? count_code_points(text) : text.size();
  if (length < min || length > max) {
    complain(name, fmt::format("must have {} to {} characters", min, max));
    return std::nullopt;
  }
  return text;
}

std::optional<Uuid> JsonFields::uuid(std::string_view name, Need need) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  std::string_view text;
  std::optional<Uuid> id;
  if (element->get_string().get(text) == simdjson::SUCCESS) id = Uuid::parse(text);
  if (!id) complain(name, "must be a UUID such as 0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b");
  return id;
}

std::optional<bool> JsonFields::boolean(std::string_view name, Need need) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  bool yes = false;
  if (element->get_bool().get(yes) != simdjson::SUCCESS) {
    complain(name, "must be true or false");
    return std::nullopt;
  }
  return yes;
}

std::optional<std::uint64_t> JsonFields::integer(std::string_view name, Need need, std::uint64_t max) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  std::uint64_t number = 0;
  bool whole = element->get_uint64().get(number) == simdjson::SUCCESS;
  // JSON knows no integers: 5.0 is the number 5.
  double real = 0;
  if (!whole && element->is_double() && element->get_double().get(real) == simdjson::SUCCESS && real >= 0 &&
      real <= 9007199254740992.0 && real == std::floor(real)) {
    number = static_cast<std::uint64_t>(real);
    whole = true;
  }
  if (!whole || number > max) {
    complain(name, fmt::format("must be a whole number from 0 to {}", max));
    return std::nullopt;
  }
  return number;
}

std::optional<JsonObject> JsonFields::object(std::string_view name, Need need) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  JsonObject object;
  if (element->get_object().get(object) != simdjson::SUCCESS) {
    complain(name, "must be an object");
    return std::nullopt;
  }
  return object;
}

std::optional<JsonArray> JsonFields::array(std::string_view name, Need need) {
  const auto element = find(name, need);
  if (!element) return std::nullopt;
  JsonArray array;
  if (element->get_array().get(array) != simdjson::SUCCESS) {
    complain(name, "must be a list");
    return std::nullopt;
  }
  return array;
}

Error JsonFields::error() && {
  std::string detail = "Correct and send again:";
  for (const auto& field : errors_) {
    detail += fmt::format(" {} {};", field.pointer.empty() ? "the body" : field.pointer, field.detail);
  }
  detail.back() = '.';
  return Error{ErrorCode::kValidationFailed, std::move(detail), std::move(errors_), {}};
}

}  // namespace c4a
