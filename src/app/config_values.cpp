#include "app/config_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace c4a {
namespace {

// All of the text as a number up to `max`; no sign, no blanks.
std::optional<unsigned> parse_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

bool is_host_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  return !text.empty() && std::ranges::all_of(text, allowed);
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) return text.ends_with(']') && is_address(AF_INET6, text.substr(1, text.size() - 2));
  return is_host_name(text);
}

// "host" or "host:port"
bool is_authority(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
  if (!has_port) return is_host(text);
  return is_host(text.substr(0, colon)) && parse_number(text.substr(colon + 1), 65535).value_or(0) != 0;
}

// What follows "http://" or "https://"; nothing for other schemes.
std::optional<std::string_view> after_scheme(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port || !is_host(host)) return std::nullopt;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const bool is_v6 = is_address(AF_INET6, address);
  if (!is_v6 && !is_address(AF_INET, address)) return false;
  return slash == std::string_view::npos || parse_number(text.substr(slash + 1), is_v6 ? 128 : 32).has_value();
}

bool is_http_url(std::string_view text) {
  auto rest = after_scheme(text);
  if (!rest || rest->find_first_of("?# ") != std::string_view::npos) return false;
  auto authority = rest->substr(0, rest->find('/'));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  return is_authority(authority);
}

bool is_origin(std::string_view text) {
  const auto rest = after_scheme(text);
  return rest && is_authority(*rest) && std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_role(std::string_view text) {
  constexpr std::string_view kConnector = "connector:";
  if (text.starts_with(kConnector)) return is_host_name(text.substr(kConnector.size()));
  return text == "all" || text == "gateway" || text == "router" || text == "webhooks";
}

std::string without_password(std::string_view url) {
  std::string out(url);
  const auto start = out.find("://");
  if (start == std::string::npos) return out;
  const auto end = out.find('/', start + 3);
  const auto at = out.rfind('@', end);
  const auto colon = out.find(':', start + 3);
  if (at == std::string::npos || at < start || colon == std::string::npos || colon > at) return out;
  return out.replace(colon + 1, at - colon - 1, "***");
}

}  // namespace c4a
