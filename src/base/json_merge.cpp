#include "base/json_merge.h"

#include <simdjson.h>

#include "base/json_writer.h"

namespace c4a {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

void merge_into(JsonWriter& json, const object* target, const object& patch) {
  json.begin_object();
  if (target != nullptr) {
    for (const auto field : *target) {
      element replacement;
      if (patch.at_key(field.key).get(replacement) != simdjson::SUCCESS) {
        json.key(field.key).raw(simdjson::minify(field.value));
        continue;
      }
      if (replacement.is_null()) continue;
      json.key(field.key);
      object inner_patch;
      if (replacement.get_object().get(inner_patch) == simdjson::SUCCESS) {
        object inner;
        const bool is_object = field.value.get_object().get(inner) == simdjson::SUCCESS;
        merge_into(json, is_object ? &inner : nullptr, inner_patch);
      } else {
        json.raw(simdjson::minify(replacement));
      }
    }
  }
  for (const auto field : patch) {
    element existing;
    if (field.value.is_null()) continue;
    if (target != nullptr && target->at_key(field.key).get(existing) == simdjson::SUCCESS) continue;
    json.key(field.key);
    object inner_patch;
    if (field.value.get_object().get(inner_patch) == simdjson::SUCCESS)
      merge_into(json, nullptr, inner_patch);
    else
      json.raw(simdjson::minify(field.value));
  }
  json.end_object();
}

}  // namespace

Result<std::string> merge_patch(std::string_view target, std::string_view patch) {
  simdjson::dom::parser target_parser;
  simdjson::dom::parser patch_parser;
  element target_root;
  element patch_root;
  if (target_parser.parse(target.data(), target.size()).get(target_root) != simdjson::SUCCESS ||
      patch_parser.parse(patch.data(), patch.size()).get(patch_root) != simdjson::SUCCESS) {
    return fail(ErrorCode::kMalformedJson, "A merge patch needs two JSON documents.");
  }
  object patch_object;
  if (patch_root.get_object().get(patch_object) != simdjson::SUCCESS) return std::string(simdjson::minify(patch_root));
  object target_object;
  const bool is_object = target_root.get_object().get(target_object) == simdjson::SUCCESS;
  std::string out;
  JsonWriter json(out);
  merge_into(json, is_object ? &target_object : nullptr, patch_object);
  return out;
}

}  // namespace c4a
