#pragma once

// A plain blocking client for the tests of the server: it says exactly what it is told to. Every read gives up after
// ten seconds, so that a test fails rather than hangs.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/tls.h"
#include "net/unique_fd.h"

namespace c4a::net {

struct TestResponse {
  int status = 0;                              // 0: the connection ended instead
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct TestFrame {
  int opcode = -1;  // -1: the connection ended instead
  std::string payload;
  int close_code() const;
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, int receive_buffer_bytes = 0);
  explicit TestClient(const std::string& unix_path);

  // Speaks TLS from here on. `context` is a client's. False if the handshake fails.
  bool start_tls(ssl_ctx_st* context);
  ssl_st* tls() { return ssl_.get(); }

  bool connected() const { return connected_; }
  void send(std::string_view bytes);
  void end_output();
  // Whether the peer has ended, or reset, the connection, once all that it sent is thrown away.
  bool ends();

  // `head_only`: the answer to HEAD. Interim answers (100) are given as they come.
  TestResponse read_response(bool head_only = false);
  std::string read_exactly(std::size_t size);

  // The upgrade of RFC 6455; `fields` are added to it.
  TestResponse upgrade(std::string_view path = "/ws", std::string_view fields = "");
  void send_frame(int first_byte, std::string_view payload);
  void send_text(std::string_view text) { send_frame(0x81, text); }
  TestFrame read_frame();
  static std::string frame(int first_byte, std::string_view payload);
  static std::string upgrade_request(std::string_view path, std::string_view fields);

 private:
  void connect(const void* address, unsigned size);
  bool fill();

  UniqueFd fd_;
  SslPtr ssl_;
  bool connected_ = false;
  std::string received_;
};

}  // namespace c4a::net
