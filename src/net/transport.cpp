#include "net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace c4a::net {
namespace {

bool is_again(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int clamp_to_int(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

Transport::Handshake Transport::handshake() {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome == 1) return Handshake::kDone;
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return Handshake::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Handshake::kWantsWrite;
    default:
      ERR_clear_error();
      return Handshake::kFailed;
  }
}

ssize_t Transport::receive(char* buffer, std::size_t size) {
  if (ssl_) return receive_tls(buffer, size);
  const ssize_t count = ::recv(fd_.get(), buffer, size, 0);
  if (count >= 0) return count;
  return is_again(errno) ? kAgain : kBroken;
}

ssize_t Transport::receive_tls(char* buffer, std::size_t size) {
  ssize_t total = 0;
  do {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), buffer + total, clamp_to_int(size - static_cast<std::size_t>(total)));
    if (count > 0) {
      total += count;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    ERR_clear_error();
    if (total > 0) break;  // an end or an error shows again at the next call
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return kAgain;
    return error == SSL_ERROR_ZERO_RETURN ? kEnded : kBroken;
  } while (static_cast<std::size_t>(total) < size && holds_input());
  return total;
}

bool Transport::holds_input() const {
  return ssl_ && (SSL_has_pending(ssl_.get()) == 1 || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

ssize_t Transport::send(std::string_view bytes) {
  if (ssl_) return send_tls(bytes);
  const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return count;
  return is_again(errno) ? 0 : kBroken;
}

ssize_t Transport::send(std::string_view first, std::string_view second) {
  iovec pieces[2] = {{const_cast<char*>(first.data()), first.size()},
                     {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  const ssize_t count = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  if (count >= 0) return count;
  return is_again(errno) ? 0 : kBroken;
}

ssize_t Transport::send_tls(std::string_view bytes) {
  ssize_t total = 0;
  while (!bytes.empty()) {
    ERR_clear_error();
    const int count = SSL_write(ssl_.get(), bytes.data(), clamp_to_int(bytes.size()));
    if (count <= 0) {
      const int error = SSL_get_error(ssl_.get(), count);
      ERR_clear_error();
      if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) break;
      return kBroken;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    total += count;
  }
  return total;
}

void Transport::end_output() {
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

void Transport::close() {
  ssl_.reset();
  fd_.reset();
}

}  // namespace c4a::net
