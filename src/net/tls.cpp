#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

namespace c4a::net {
namespace {

constexpr unsigned char kAlpn[] = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;  // the client may still speak HTTP/1.1
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::unexpected<Error> refuse(const std::string& path) {
  char reason[256] = "unknown error";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return c4a::fail(ErrorCode::kInvalidRequest, "TLS cannot use " + path + ": " + reason + ".");
}

}  // namespace

void SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void SslFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext::TlsContext(std::string certificate_path, std::string key_path)
    : certificate_path_(std::move(certificate_path)), key_path_(std::move(key_path)) {}

Result<std::shared_ptr<TlsContext>> TlsContext::load(std::string certificate_path, std::string key_path) {
  std::shared_ptr<TlsContext> tls(new TlsContext(std::move(certificate_path), std::move(key_path)));
  C4A_CHECK(tls->reload());
  return tls;
}

Result<void> TlsContext::reload() {
  C4A_TRY(ContextPtr context, make_context());
  const std::scoped_lock lock(mutex_);
  std::swap(context_, context);
  return {};
}

Result<TlsContext::ContextPtr> TlsContext::make_context() const {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return refuse(certificate_path_);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed by tickets, which the clients keep.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_path_.c_str()) != 1) {
    return refuse(certificate_path_);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_path_.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return refuse(key_path_);
  }
  return context;
}

SslPtr TlsContext::accept(int fd) const {
  const std::scoped_lock lock(mutex_);
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace c4a::net
