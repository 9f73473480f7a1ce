#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>

#include "net/server_fixture.h"
#include "net/tls.h"

namespace c4a::net {
namespace {

template <class T, auto Free>
using Owned = std::unique_ptr<T, decltype([](T* object) { Free(object); })>;
using ContextPtr = Owned<SSL_CTX, SSL_CTX_free>;

void write_pem(const std::string& path, const auto& write) {
  const Owned<std::FILE, std::fclose> file(std::fopen(path.c_str(), "w"));
  ASSERT_TRUE(file);
  ASSERT_EQ(write(file.get()), 1);
}

class TlsServerTest : public ServerTest {
 protected:
  ~TlsServerTest() override {
    std::remove(certificate_path_.c_str());
    std::remove(key_path_.c_str());
  }

  // A self-signed certificate for localhost with this serial number.
  void write_certificate(long serial) const {
    const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
    const Owned<X509, X509_free> certificate(X509_new());
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    write_pem(certificate_path_, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
    write_pem(key_path_, [&](std::FILE* file) {
      return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  void start_with_tls() {
    write_certificate(1);
    auto tls = TlsContext::load(certificate_path_, key_path_);
    ASSERT_TRUE(tls) << tls.error().detail;
    options_.tls = *tls;
    start();
  }

  static long serial_of(TestClient& client) {
    const Owned<X509, X509_free> certificate(SSL_get1_peer_certificate(client.tls()));
    return certificate ? ASN1_INTEGER_get(X509_get0_serialNumber(certificate.get())) : -1;
  }

  const std::string stem_ = testing::TempDir() + "c4a-tls-" + std::to_string(::getpid());
  const std::string certificate_path_ = stem_ + ".crt";
  const std::string key_path_ = stem_ + ".key";
  ContextPtr client_context_{SSL_CTX_new(TLS_client_method())};
};

TEST_F(TlsServerTest, HttpAndWebSocketsWorkOverTls) {
  start_with_tls();
  TestClient client(port());
  ASSERT_TRUE(client.start_tls(client_context_.get()));
  client.send(get("/about") + post("/echo", std::string(100'000, 'b')));
  EXPECT_EQ(client.read_response().body, "127.0.0.1 secure");
  EXPECT_EQ(client.read_response().body, "POST " + std::string(100'000, 'b'));
  EXPECT_EQ(client.upgrade().status, 101);
  for (const std::size_t size : {5u, 70'000u, 200'000u}) {
    client.send_text(std::string(size, 'm'));
    EXPECT_EQ(client.read_frame().payload, "echo:" + std::string(size, 'm'));
  }
}

TEST_F(TlsServerTest, ASlowReaderGetsEverythingInOrder) {
  options_.limits.output_bytes = 16 * 1024 * 1024;
  options_.limits.frame_bytes = 2000;
  start_with_tls();
  TestClient client(port(), 4096);
  ASSERT_TRUE(client.start_tls(client_context_.get()));
  client.send(get("/large"));
  EXPECT_EQ(client.read_response().body, std::string(TestService::kLargeBytes, 'x'));
  EXPECT_EQ(client.upgrade().status, 101);
  client.send(TestClient::frame(0x81, "many") + TestClient::frame(0x89, "p") + TestClient::frame(0x81, "after"));
  std::string joined;
  std::string expected;
  for (int i = 0; i < TestService::kManyFrames; ++i) expected += TestService::many_frame(i) + "\n";
  expected += "echo:after\n";
  while (joined.size() < expected.size()) {
    const TestFrame frame = client.read_frame();
    if (frame.opcode == 10) continue;
    ASSERT_EQ(frame.opcode, 1);
    joined += frame.payload + "\n";
  }
  EXPECT_EQ(joined, expected);
}

TEST_F(TlsServerTest, ReloadingChangesTheCertificateOfNewConnectionsOnly) {
  start_with_tls();
  TestClient before(port());
  ASSERT_TRUE(before.start_tls(client_context_.get()));
  write_certificate(2);
  ASSERT_TRUE(options_.tls->reload());
  TestClient after(port());
  ASSERT_TRUE(after.start_tls(client_context_.get()));
  EXPECT_EQ(serial_of(before), 1);
  EXPECT_EQ(serial_of(after), 2);
  for (TestClient* client : {&before, &after}) {
    client->send(get("/echo"));
    EXPECT_EQ(client->read_response().status, 200);
  }
}

TEST_F(TlsServerTest, AReloadThatFailsChangesNothing) {
  start_with_tls();
  std::remove(key_path_.c_str());
  const auto reloaded = options_.tls->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().detail, testing::HasSubstr(key_path_));
  TestClient client(port());
  ASSERT_TRUE(client.start_tls(client_context_.get()));
  EXPECT_EQ(serial_of(client), 1);
}

TEST_F(TlsServerTest, Http11IsChosenOfWhatIsOffered) {
  start_with_tls();
  const unsigned char offered[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(client_context_.get(), offered, sizeof offered - 1);
  TestClient client(port());
  ASSERT_TRUE(client.start_tls(client_context_.get()));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.tls(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST_F(TlsServerTest, OldVersionsAndPlainTextAreRefused) {
  start_with_tls();
  SSL_CTX_set_security_level(client_context_.get(), 0);
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_1_VERSION);
  EXPECT_FALSE(TestClient(port()).start_tls(client_context_.get()));
  TestClient plain(port());
  plain.send(get("/echo"));
  EXPECT_EQ(plain.read_response().status, 0);
}

TEST_F(TlsServerTest, AHandshakeThatStallsIsDropped) {
  options_.limits.header_timeout_s = 1;
  start_with_tls();
  TestClient client(port());
  client.send("\x16");
  EXPECT_TRUE(client.ends());
}

TEST_F(TlsServerTest, AFileThatIsNoCertificateIsNamed) {
  const auto tls = TlsContext::load(stem_ + ".missing", key_path_);
  ASSERT_FALSE(tls);
  EXPECT_THAT(tls.error().detail, testing::HasSubstr(stem_ + ".missing"));
}

}  // namespace
}  // namespace c4a::net
