#pragma once

// The HTTP request that becomes a WebSocket, RFC 6455 §4.2. Without I/O.

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace c4a::net {

// Whether the client asks for a WebSocket at all; `check_handshake` says whether it does so rightly.
bool asks_for_websocket(const HttpRequest& request);

enum class HandshakeFault : std::uint8_t { kNone, kKey, kVersion };

HandshakeFault check_handshake(const HttpRequest& request);

// The 101 answer to a request without fault. The protocol is named only if the client offers it.
std::string handshake_answer(const HttpRequest& request, std::string_view protocol);

// base64(SHA-1(key + the protocol's constant))
std::string accept_key(std::string_view key);

}  // namespace c4a::net
