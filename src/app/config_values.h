#pragma once

// The forms that texts in the configuration take.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace c4a {

struct ListenAddress {
  std::string host;  // an IP address without brackets, or a host name
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0 lets the kernel choose.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

// An IP address, with or without a prefix length: "10.0.0.0/8", "::1".
bool is_network(std::string_view text);

// http or https, a host, and nothing after the path.
bool is_http_url(std::string_view text);

// What a browser sends as Origin: scheme, host and port, lower case, no path.
bool is_origin(std::string_view text);

// gateway, router, webhooks, connector:<channel>, all
bool is_role(std::string_view text);

// The URL with the password it may carry replaced: what may be shown.
std::string without_password(std::string_view url);

}  // namespace c4a
