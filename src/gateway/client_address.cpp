#include "gateway/client_address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace c4a {
namespace {

// IPv4 as ::ffff:a.b.c.d, so that both kinds compare alike.
std::optional<std::array<std::uint8_t, 16>> parse_address(std::string_view text) {
  const std::string owned(text);
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET6, owned.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xFF;
  if (::inet_pton(AF_INET, owned.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

bool in_network(const std::array<std::uint8_t, 16>& address, std::string_view network) {
  const auto slash = network.find('/');
  const auto base = parse_address(network.substr(0, slash));
  if (!base) return false;
  int bits = 128;
  if (slash != std::string_view::npos) {
    const auto digits = network.substr(slash + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (network.find(':') == std::string_view::npos) bits += 96;
  }
  for (int i = 0; i < 16 && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xFF : 0xFF << (8 - bits) & 0xFF;
    if ((address[i] & mask) != ((*base)[i] & mask)) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool in_networks(std::string_view address, std::span<const std::string> networks) {
  const auto bytes = parse_address(address);
  if (!bytes) return false;
  for (const auto& network : networks) {
    if (in_network(*bytes, network)) return true;
  }
  return false;
}

std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const std::string> trusted) {
  std::string address(peer);
  while (!forwarded_for.empty() && in_networks(address, trusted)) {
    const auto comma = forwarded_for.rfind(',');
    const auto last = trim(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    if (!parse_address(last)) break;
    address = last;
    forwarded_for = comma == std::string_view::npos ? std::string_view{} : forwarded_for.substr(0, comma);
  }
  return address;
}

}  // namespace c4a
