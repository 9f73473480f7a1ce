#include "presence/redis/redis_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace c4a {
namespace {

constexpr int kConnectWithinMs = 800;
constexpr timeval kAnswerWithin{1, 0};
constexpr int kKeepAliveSeconds = 15;

std::pair<std::string, int> host_and_port(const std::string& address) {
  const auto colon = address.rfind(':');
  int port = 6379;
  if (colon == std::string::npos) return {address, port};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return {address.substr(0, colon), port};
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// Non-blocking while it connects, blocking with a deadline afterwards.
bool connect_within(int fd, const addrinfo& to) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (::connect(fd, to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return false;
    pollfd ready{fd, POLLOUT, 0};
    errno = ETIMEDOUT;
    if (::poll(&ready, 1, kConnectWithinMs) != 1) return false;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) return false;
  }
  ::fcntl(fd, F_SETFL, flags);
  return true;
}

void set_options(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswerWithin, sizeof kAnswerWithin);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kAnswerWithin, sizeof kAnswerWithin);
}

std::string tls_error() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text != nullptr ? text : "the connection was closed";
}

}  // namespace

std::unique_ptr<RedisStream> RedisStream::open(const std::string& address, const RedisOptions& options,
                                               RedisTrouble& error) {
  std::unique_ptr<RedisStream> made(new RedisStream);
  const auto [host, port] = host_and_port(address);
  if (!made->connect_to(host, port)) {
    error = {made->reason_, "start it, or correct redis.address or redis.sentinels"};
    return nullptr;
  }
  if (options.tls && !made->begin_tls(host, options)) {
    error = {"TLS: " + made->reason_,
             "see that redis.tls is as this port wants it, that redis.ca_file holds who signed its "
             "certificate, and that the certificate names " +
                 host};
    return nullptr;
  }
  return made;
}

RedisStream::~RedisStream() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) ::close(fd_);
}

bool RedisStream::connect_to(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0) {
    reason_ = ::gai_strerror(code);
    return false;
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    fd_ = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd_ >= 0 && connect_within(fd_, *at)) break;
    reason_ = std::strerror(errno);
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  ::freeaddrinfo(found);
  if (fd_ < 0) return false;
  set_options(fd_);
  return true;
}

bool RedisStream::begin_tls(const std::string& host, const RedisOptions& options) {
  ERR_clear_error();
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  const bool trusts = options.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context_) == 1
                          : SSL_CTX_load_verify_locations(context_, options.ca_file.c_str(), nullptr) == 1;
  if (!trusts) {
    reason_ = "the file " + options.ca_file + " cannot be read as PEM (" + tls_error() + ")";
    return false;
  }
  ssl_ = SSL_new(context_);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    SSL_set1_host(ssl_, host.c_str());
    SSL_set_tlsext_host_name(ssl_, host.c_str());
  }
  SSL_set_fd(ssl_, fd_);
  if (const int result = SSL_connect(ssl_); result != 1) {
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
      reason_ = X509_verify_cert_error_string(verified);
    } else {
      set_reason(result);
    }
    return false;
  }
  return true;
}

bool RedisStream::is_late(long result) const {
  if (ssl_ != nullptr) return result < 0 && SSL_want(ssl_) != SSL_NOTHING;
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// After a call that failed.
void RedisStream::set_reason(long result) {
  if (is_late(result)) {
    reason_ = "it holds the connection and answers nothing";
  } else if (ssl_ != nullptr) {
    reason_ = tls_error();
  } else {
    reason_ = result == 0 ? "it closed the connection" : std::strerror(errno);
  }
}

bool RedisStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent =
        ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)))
                        : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      set_reason(sent);
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RedisStream::readable(int wait_ms) {
  if (ssl_ != nullptr && SSL_pending(ssl_) > 0) return true;
  pollfd ready{fd_, POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) > 0;
}

std::optional<std::string_view> RedisStream::read() {
  const long count =
      ssl_ != nullptr ? SSL_read(ssl_, buffer_, sizeof buffer_) : ::recv(fd_, buffer_, sizeof buffer_, 0);
  if (count > 0) return std::string_view(buffer_, static_cast<std::size_t>(count));
  set_reason(count);
  if (is_late(count)) return std::string_view();
  return std::nullopt;
}

}  // namespace c4a
