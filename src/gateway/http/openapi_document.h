#pragma once

#include <string_view>

namespace c4a {

// api/openapi.json, put into the program when it is built.
extern const std::string_view kOpenApiDocument;

}  // namespace c4a
