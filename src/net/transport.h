#pragma once

// The bytes of one connection, plain or TLS: non-blocking, without buffers of its own.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/tls.h"
#include "net/unique_fd.h"

namespace c4a::net {

class Transport {
 public:
  static constexpr ssize_t kEnded = 0;    // the peer will send no more
  static constexpr ssize_t kAgain = -1;   // nothing now
  static constexpr ssize_t kBroken = -2;  // the connection is gone

  enum class Handshake : std::uint8_t { kDone, kWantsRead, kWantsWrite, kFailed };

  Transport() = default;
  Transport(UniqueFd fd, SslPtr ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  int fd() const { return fd_.get(); }
  bool secure() const { return ssl_ != nullptr; }

  // TLS only, until kDone.
  Handshake handshake();

  // The count of bytes read, kEnded, kAgain or kBroken. One recv; of TLS, what fits of what has been received.
  ssize_t receive(char* buffer, std::size_t size);
  // TLS only: bytes, or the peer's end, were received that `receive` has not told, and of which epoll will not tell.
  bool holds_input() const;

  // The count of bytes taken by the kernel, which may be fewer than all, or kBroken. One send. After a short count the
  // next call must begin with the bytes that were not taken (TLS has encrypted some of them already).
  ssize_t send(std::string_view bytes);
  // Plain only: two pieces in one call.
  ssize_t send(std::string_view first, std::string_view second);

  // Tells the peer that nothing more comes.
  void end_output();
  void close();

 private:
  ssize_t receive_tls(char* buffer, std::size_t size);
  ssize_t send_tls(std::string_view bytes);

  UniqueFd fd_;
  SslPtr ssl_;
};

}  // namespace c4a::net
