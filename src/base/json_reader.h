#pragma once

// Reads JSON that strangers wrote: one strict parse, then fields taken out one by one with every complaint collected,
// so that one answer names all that is wrong.

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"

namespace c4a {

using JsonElement = simdjson::dom::element;
using JsonObject = simdjson::dom::object;
using JsonArray = simdjson::dom::array;

inline constexpr std::size_t kMaxJsonDepth = 64;

// Parses one JSON document, RFC 8259. The element lives until the next parse on this thread.
// Fails with: kMalformedJson (also invalid UTF-8), kDuplicateKey, kTooDeep; kValidationFailed for what is valid JSON
// and still refused: a lone surrogate or NUL in a text, a number that 64 bits cannot hold.
Result<JsonElement> parse_json(std::string_view text);

// The same, and the document must be an object (kValidationFailed otherwise).
Result<JsonObject> parse_json_object(std::string_view text);

// The element as compact JSON, members in the order in which they came.
std::string compact_json(JsonElement element);
std::string compact_json(JsonObject object);
// The same with members sorted by name at every level: equal for equal values.
void append_canonical_json(std::string& out, JsonElement element);
void append_canonical_json(std::string& out, JsonObject object);

// Takes fields out of an object. A field that is absent or null is empty; a wrong type or a broken rule is empty too
// and leaves a FieldError. Check `errors()` once at the end.
class JsonFields {
 public:
  enum Need { kOptional, kRequired };

  explicit JsonFields(JsonObject object, std::string prefix = {}) : object_(object), prefix_(std::move(prefix)) {}

  // Lengths count code points.
  std::optional<std::string_view> text(std::string_view name, Need need, std::size_t min, std::size_t max);
  std::optional<Uuid> uuid(std::string_view name, Need need);
  std::optional<bool> boolean(std::string_view name, Need need = kOptional);
  std::optional<std::uint64_t> integer(std::string_view name, Need need,
                                       std::uint64_t max = std::numeric_limits<std::int64_t>::max());
  std::optional<JsonObject> object(std::string_view name, Need need);
  std::optional<JsonArray> array(std::string_view name, Need need);
  std::optional<JsonElement> any(std::string_view name) const;  // absent is empty, null is not
  bool is_null(std::string_view name) const;

  void complain(std::string_view name, std::string detail);
  std::string pointer(std::string_view name) const;

  bool ok() const { return errors_.empty(); }
  std::vector<FieldError>& errors() { return errors_; }
  // kValidationFailed with everything collected. Call when !ok().
  Error error() &&;

 private:
  std::optional<JsonElement> find(std::string_view name, Need need);

  JsonObject object_;
  std::string prefix_;
  std::vector<FieldError> errors_;
};

}  // namespace c4a
