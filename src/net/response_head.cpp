#include "net/response_head.h"

#include <http_parser.h>

#include <charconv>

namespace c4a::net {
namespace {

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

std::string_view reason(int status) {
  const std::string_view text = http_status_str(static_cast<http_status>(status));
  return text.starts_with('<') ? std::string_view() : text;  // "<unknown>": RFC 9112 lets it be empty
}

// A value with a line break would be a header, or an answer, of a stranger's making.
bool fits_one_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

}  // namespace

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_response_head(std::string& out, const HttpResponse& response, const ResponseFraming& framing) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason(response.status);
  out += "\r\n";
  append_field(out, "Date", framing.date);
  if (status_has_body(response.status)) {
    if (!response.body.empty() && fits_one_line(response.content_type)) {
      append_field(out, "Content-Type", response.content_type);
    }
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  if (!framing.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (framing.http_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  for (const auto& [name, value] : response.headers) {
    if (fits_one_line(name) && fits_one_line(value)) append_field(out, name, value);
  }
  out += "\r\n";
}

}  // namespace c4a::net
