#include "net/websocket_handshake.h"

#include <openssl/evp.h>

#include "base/encoding.h"
#include "net/ascii.h"

namespace c4a::net {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;

template <class Equal>
bool any_field_lists(const HttpRequest& request, std::string_view name, std::string_view token, Equal equal) {
  for (const auto& [key, value] : request.headers) {
    if (equals_ignoring_case(key, name) && list_holds(value, token, equal)) return true;
  }
  return false;
}

}  // namespace

bool asks_for_websocket(const HttpRequest& request) {
  return request.method == "GET" && any_field_lists(request, "Upgrade", "websocket", equals_ignoring_case) &&
         any_field_lists(request, "Connection", "upgrade", equals_ignoring_case);
}

HandshakeFault check_handshake(const HttpRequest& request) {
  if (request.header("Sec-WebSocket-Version") != "13") return HandshakeFault::kVersion;
  const auto key = from_base64(request.header("Sec-WebSocket-Key").value_or(""));
  return key && key->size() == kKeyBytes ? HandshakeFault::kNone : HandshakeFault::kKey;
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += kGuid;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return to_base64({reinterpret_cast<const char*>(digest), size});
}

std::string handshake_answer(const HttpRequest& request, std::string_view protocol) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  answer += accept_key(request.header("Sec-WebSocket-Key").value_or(""));
  answer += "\r\n";
  const auto equal = [](std::string_view a, std::string_view b) { return a == b; };
  if (!protocol.empty() && any_field_lists(request, "Sec-WebSocket-Protocol", protocol, equal)) {
    answer += "Sec-WebSocket-Protocol: ";
    answer += protocol;
    answer += "\r\n";
  }
  answer += "\r\n";
  return answer;
}

}  // namespace c4a::net
