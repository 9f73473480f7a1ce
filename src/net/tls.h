#pragma once

// The certificate of a TLS server, and what of OpenSSL the server needs. TLS 1.2 and later, ALPN http/1.1.

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace c4a::net {

struct SslFree {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslFree>;

// Any thread may call any method.
class TlsContext {
 public:
  // PEM files; the certificate's file holds the chain, the server's own first.
  // Fails with: kInvalidRequest, naming the file and what OpenSSL says of it.
  static Result<std::shared_ptr<TlsContext>> load(std::string certificate_path, std::string key_path);

  // Reads both files again: new connections get the new certificate, old ones go on. On failure nothing changes.
  // Fails with: as `load`.
  Result<void> reload();

  // The server's side of a new connection on a non-blocking socket, which stays the caller's. Null: out of memory.
  SslPtr accept(int fd) const;

 private:
  using ContextPtr = std::unique_ptr<ssl_ctx_st, SslFree>;

  TlsContext(std::string certificate_path, std::string key_path);
  Result<ContextPtr> make_context() const;

  const std::string certificate_path_;
  const std::string key_path_;
  mutable std::mutex mutex_;
  ContextPtr context_;  // guarded by mutex_; each connection holds a reference of its own
};

}  // namespace c4a::net
