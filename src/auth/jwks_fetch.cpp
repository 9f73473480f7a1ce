#include "auth/jwks_fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <string_view>

#include "auth/jwks.h"

namespace c4a {
namespace {

constexpr long kTimeoutMs = 5000;

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, CurlCleanup> owned(text);
  return text;
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "[::1]" || host == "127.0.0.1"; }

size_t append_bytes(char* bytes, size_t size, size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kMaxJwksBytes) return 0;  // ends the transfer
  body.append(bytes, size * count);
  return size * count;
}

void configure(CURL* handle, const std::string& url, std::string& body) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "chat4all");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &append_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  if (url.starts_with("http:")) curl_easy_setopt(handle, CURLOPT_PROXY, "");  // this machine: never by a proxy
}

}  // namespace

Result<> check_jwks_url(const std::string& url) {
  const std::unique_ptr<CURLU, CurlCleanup> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(ErrorCode::kValidationFailed, fmt::format("auth.jwks_url is no URL: \"{}\".", url));
  }
  const std::string scheme = url_part(parsed.get(), CURLUPART_SCHEME);
  if (scheme == "https") return {};
  if (scheme == "http" && is_loopback(url_part(parsed.get(), CURLUPART_HOST))) return {};
  return fail(ErrorCode::kValidationFailed,
              fmt::format("auth.jwks_url must begin with https:// (http:// only for this machine): \"{}\".", url));
}

Result<std::string> fetch_jwks(const std::string& url) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  C4A_CHECK(check_jwks_url(url));
  const std::unique_ptr<CURL, CurlCleanup> handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) return fail(ErrorCode::kUnavailable, "libcurl cannot start.");
  std::string body;
  configure(handle.get(), url, body);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_WRITE_ERROR) {
    return fail(ErrorCode::kUnavailable, fmt::format("The key set at {} is larger than 256 KiB.", url));
  }
  if (code != CURLE_OK) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The key set at {} cannot be fetched: {}.", url, curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return fail(ErrorCode::kUnavailable, fmt::format("The key set at {} was answered with status {}.", url, status));
  }
  return body;
}

}  // namespace c4a
