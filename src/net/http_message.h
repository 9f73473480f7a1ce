#pragma once

// One HTTP request as read, one response to write. RFC 9110.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace c4a::net {

// Readable bytes behind `HttpRequest::body` and behind the text given to `WebSocketListener::on_text`: simdjson may
// parse them in place, without a copy (it asks for SIMDJSON_PADDING, 64).
inline constexpr std::size_t kReadPadding = 64;

// Views into the connection's buffer: valid during the call that passes the request, and no longer.
struct HttpRequest {
  std::string_view method;
  std::string_view target;  // as sent, "/v1/messages?limit=5"
  std::string_view path;    // the target before '?', still percent-encoded; of "http://host/path": "/path"
  std::string_view query;   // after '?', still percent-encoded
  std::string_view body;    // followed by at least kReadPadding readable bytes
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view
      peer_ip;          // of the connection, empty for the control socket; forwarding headers are the caller's business
  bool secure = false;  // came over TLS
  bool local = false;   // came over the control socket in the data directory: an operator of this machine
  bool keep_alive = true;

  // The first header of that name, in any letter case.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // Content-Length, Date and Connection are the server's. A field with a line break in it is left out.
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace c4a::net
