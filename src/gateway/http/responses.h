#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http_message.h"

namespace c4a {

inline net::HttpResponse json_response(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}
inline net::HttpResponse no_content() { return net::HttpResponse{204, "", "", {}}; }

// RFC 9457, with the code's status and the headers that belong to it. `instance`: the request's path.
net::HttpResponse problem_response(const Error& error, std::string_view request_id, std::string_view instance);
// The problem document alone, as WebSocket `error` frames carry it.
std::string problem_json(const Error& error, std::string_view request_id, std::string_view instance);

}  // namespace c4a
