#pragma once

// The status line and header fields of an answer. Without I/O.

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace c4a::net {

struct ResponseFraming {
  std::string_view date;  // an IMF-fixdate, RFC 9110 §5.6.7
  bool keep_alive = true;
  bool http_1_0 = false;  // the request's version: it must be told that the connection stays
};

// 1xx, 204 and 304 have none.
bool status_has_body(int status);

// Appends the head up to and with its empty line. Content-Length is that of `response.body`, sent or not (HEAD).
void append_response_head(std::string& out, const HttpResponse& response, const ResponseFraming& framing);

}  // namespace c4a::net
