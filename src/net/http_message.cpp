#include "net/http_message.h"

#include "net/ascii.h"

namespace c4a::net {

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace c4a::net
