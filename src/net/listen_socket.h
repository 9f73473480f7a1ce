#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/unique_fd.h"

namespace c4a::net {

// Non-blocking listening sockets, backlog 4096.

// `address` is an IPv4 or IPv6 address or a name; port 0 lets the kernel choose.
// Fails with: kUnavailable.
Result<UniqueFd> listen_tcp(const std::string& address, std::uint16_t port);

// Mode 0600. A file left by a program that is gone is replaced; one that someone listens on is not.
// Fails with: kUnavailable.
Result<UniqueFd> listen_unix(const std::string& path);

std::uint16_t local_port(int fd);

// "127.0.0.1", "::1"; an IPv4 address that came mapped into IPv6 as IPv4. Empty for a Unix socket.
std::string ip_text(const sockaddr_storage& address);

}  // namespace c4a::net
