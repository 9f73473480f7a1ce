#pragma once

#include <span>
#include <string>
#include <string_view>

namespace c4a {

// The address that a request really comes from: of the connection, or, where that is a trusted proxy, the last one in
// X-Forwarded-For that is not. `trusted`: addresses and networks such as 10.0.0.0/8.
std::string client_address(std::string_view peer, std::string_view forwarded_for, std::span<const std::string> trusted);

// Whether an IP address lies in one of the networks.
bool in_networks(std::string_view address, std::span<const std::string> networks);

}  // namespace c4a
