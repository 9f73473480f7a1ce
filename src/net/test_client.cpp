#include "net/test_client.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "net/ascii.h"
#include "net/websocket_codec.h"

namespace c4a::net {
namespace {

constexpr int kPatienceSeconds = 10;

}  // namespace

int TestFrame::close_code() const {
  if (opcode != 8 || payload.size() < 2) return opcode == 8 ? kCloseNoCode : -1;
  return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

TestClient::TestClient(std::uint16_t port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(&address, sizeof address);
}

TestClient::TestClient(const std::string& unix_path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
  connect(&address, sizeof address);
}

void TestClient::connect(const void* address, unsigned size) {
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  connected_ = ::connect(fd_.get(), static_cast<const sockaddr*>(address), size) == 0;
}

bool TestClient::start_tls(ssl_ctx_st* context) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_.get());
  return SSL_connect(ssl_.get()) == 1;
}

void TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // what the test reads next tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void TestClient::end_output() { ::shutdown(fd_.get(), SHUT_WR); }

bool TestClient::fill() {
  char buffer[16384];
  const auto count = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer) : ::recv(fd_.get(), buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

bool TestClient::ends() {
  do {
    received_.clear();
    errno = 0;
  } while (fill());
  return errno != EAGAIN;
}

std::string TestClient::read_exactly(std::size_t size) {
  while (received_.size() < size && fill()) {
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, size);
  return bytes;
}

TestResponse TestClient::read_response(bool head_only) {
  TestResponse response;
  while (received_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return response;
  }
  std::string head = read_exactly(received_.find("\r\n\r\n") + 2);
  read_exactly(2);
  response.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = to_lower(c);
    response.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  if (head_only || !response.headers.contains("content-length")) return response;
  response.body = read_exactly(std::stoul(response.headers["content-length"]));
  return response;
}

std::string TestClient::upgrade_request(std::string_view path, std::string_view fields) {
  std::string text = "GET ";
  text += path;
  text += " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  if (fields.find("Version") == fields.npos) text += "Sec-WebSocket-Version: 13\r\n";
  if (fields.find("Key") == fields.npos) text += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  text += fields;
  return text + "\r\n";
}

TestResponse TestClient::upgrade(std::string_view path, std::string_view fields) {
  send(upgrade_request(path, fields));
  return read_response();
}

std::string TestClient::frame(int first_byte, std::string_view payload) {
  std::string out;
  append_frame_header(out, Opcode::kText, payload.size());
  out[0] = static_cast<char>(first_byte);
  out[1] = static_cast<char>(out[1] | 0x80);
  const std::string_view mask = "\x12\x34\x56\x78";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

void TestClient::send_frame(int first_byte, std::string_view payload) { send(frame(first_byte, payload)); }

TestFrame TestClient::read_frame() {
  const std::string start = read_exactly(2);
  if (start.size() < 2) return {};
  std::size_t size = static_cast<unsigned char>(start[1]);
  const std::size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (extended > 0) {
    size = 0;
    for (const char c : read_exactly(extended)) size = size << 8 | static_cast<unsigned char>(c);
  }
  return {static_cast<unsigned char>(start[0]) & 0x0f, read_exactly(size)};
}

}  // namespace c4a::net
