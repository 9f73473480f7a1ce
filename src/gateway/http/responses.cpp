#include "gateway/http/responses.h"

#include "base/json_writer.h"

namespace c4a {
namespace {

constexpr std::size_t kUsualProblemBytes = 384;

// RFC 6749 §5.2, for the endpoints that speak OAuth.
std::string_view oauth_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidGrant:
      return "invalid_grant";
    case ErrorCode::kUnsupportedGrantType:
      return "unsupported_grant_type";
    case ErrorCode::kInvalidRequest:
      return "invalid_request";
    default:
      return {};
  }
}

}  // namespace

std::string problem_json(const Error& error, std::string_view request_id, std::string_view instance) {
  const ErrorInfo& row = info(error.code);
  std::string out;
  out.reserve(kUsualProblemBytes);
  JsonWriter json(out);
  json.begin_object()
      .member("type", "urn:chat4all:problem:" + std::string(row.name))
      .member("title", row.title)
      .member("status", row.http_status)
      .member("detail", error.detail.empty() ? row.title : std::string_view(error.detail));
  if (!instance.empty()) json.member("instance", instance);
  json.member("code", row.name);
  if (!request_id.empty()) json.member("request_id", request_id);
  if (!error.fields.empty()) {
    json.key("errors").begin_array();
    for (const auto& field : error.fields) {
      json.begin_object().member("pointer", field.pointer).member("detail", field.detail).end_object();
    }
    json.end_array();
  }
  if (const auto oauth = oauth_error(error.code); !oauth.empty()) {
    json.member("error", oauth).member("error_description", error.detail.empty() ? row.title : error.detail);
  }
  json.end_object();
  return out;
}

net::HttpResponse problem_response(const Error& error, std::string_view request_id, std::string_view instance) {
  const ErrorInfo& row = info(error.code);
  net::HttpResponse response{
      row.http_status, "application/problem+json", problem_json(error, request_id, instance), {}};
  if (row.http_status == 401) {
    response.headers.emplace_back("WWW-Authenticate",
                                  error.code == ErrorCode::kInvalidToken ? "Bearer error=\"invalid_token\"" : "Bearer");
  }
  if (row.http_status == 429 || row.http_status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s.value_or(1)));
  }
  return response;
}

}  // namespace c4a
