#include "auth/outside_issuer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "auth/auth_fixture.h"
#include "auth/jwt_forge.h"

namespace c4a {
namespace {

class OutsideIssuerTest : public AuthFixture {
 protected:
  std::string claims(std::string_view more = {}) const {
    const TimestampMs now = clock_.now_ms() / 1000;
    return fmt::format(R"({{{}"iss":"https://id.example","aud":["web","chat"],"sub":"ann","iat":{},"exp":{}}})", more,
                       now, now + 100);
  }
  static std::string header(std::string_view alg, std::string_view kid) {
    return fmt::format(R"({{"alg":"{}","kid":"{}"}})", alg, kid);
  }
  void publish(std::string_view jwks) { document_ = fmt::format(R"({{"keys":[{}]}})", jwks); }
  Result<std::optional<OutsideToken>> verify(const std::string& token) {
    C4A_TRY(const Jwt jwt, parse_jwt(token));
    return issuer_.verify(jwt);
  }
  Result<Identity> login(const std::string& token) { return with_outside_.authenticate_token(token, ""); }

  Result<std::string> document_ = fail(ErrorCode::kUnavailable, "connection refused");
  int fetches_ = 0;
  OutsideIssuer issuer_{{"https://id.example/jwks", "https://id.example", "chat"},
                        [this](const std::string&) {
                          ++fetches_;
                          return document_;
                        },
                        clock_};
  Authenticator with_outside_{store_, access_tokens_, revocations_, &issuer_, clock_};
  ForgedKey ed_ = ForgedKey::ed25519();
};

TEST_F(OutsideIssuerTest, EveryKindOfKeyVerifiesItsOwnAlgorithmsAndNoOther) {
  const auto ec = ForgedKey::p256();
  const auto rsa = ForgedKey::rsa(2048);
  publish(ed_.jwk("ed") + "," + ec.jwk("ec", R"("use":"sig","alg":"ES256",)") + "," + rsa.jwk("rsa") + "," +
          rsa.jwk("rsa-pss", R"("alg":"PS256",)"));
  ASSERT_TRUE(issuer_.refresh());
  EXPECT_TRUE(verify(ed_.sign("EdDSA", header("EdDSA", "ed"), claims()))->has_value());
  EXPECT_TRUE(verify(ec.sign("ES256", header("ES256", "ec"), claims()))->has_value());
  EXPECT_TRUE(verify(rsa.sign("RS256", header("RS256", "rsa"), claims()))->has_value());
  EXPECT_TRUE(verify(rsa.sign("PS256", header("PS256", "rsa"), claims()))->has_value());
  EXPECT_TRUE(verify(rsa.sign("PS256", header("PS256", "rsa-pss"), claims()))->has_value());
  // An algorithm that is not the key's is like an unknown key.
  EXPECT_FALSE(verify(rsa.sign("RS256", header("RS256", "rsa-pss"), claims()))->has_value());
  EXPECT_FALSE(verify(ed_.sign("EdDSA", header("EdDSA", "rsa"), claims()))->has_value());
  EXPECT_FALSE(verify(hmac_signed(rsa.public_pem(), header("HS256", "rsa"), claims()))->has_value());
  EXPECT_FALSE(verify(jwt_parts(header("none", "rsa"), claims()) + ".")->has_value());
  // The right name and the wrong signature.
  EXPECT_EQ(code_of(verify(rsa.sign("PS256", header("RS256", "rsa"), claims()))), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(verify(ForgedKey::p256().sign("ES256", header("ES256", "ec"), claims()))),
            ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(verify(hmac_signed(rsa.public_pem(), header("RS256", "rsa"), claims()))), ErrorCode::kInvalidToken);
}

TEST_F(OutsideIssuerTest, WeakAndForeignKeysAreSkipped) {
  const auto weak = ForgedKey::rsa(1024);
  publish(weak.jwk("weak") + R"(,{"kty":"oct","kid":"secret","k":"AAAA"},{"kty":"EC","crv":"P-521","kid":"big"},7,)" +
          R"({"kty":"OKP","crv":"Ed25519","kid":"short","x":"AAAA"},)" +
          R"({"kty":"EC","crv":"P-256","kid":"off","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",)" +
          R"("y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},)" + ed_.jwk("enc", R"("use":"enc",)"));
  EXPECT_EQ(code_of(JwkSet::parse(*document_)), ErrorCode::kValidationFailed);
  publish(weak.jwk("weak") + "," + ed_.jwk("ed"));
  const auto set = JwkSet::parse(*document_);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->find("weak", "RS256"), nullptr);
  EXPECT_NE(set->find("ed", "EdDSA"), nullptr);
}

TEST_F(OutsideIssuerTest, WhatIsNoKeySetIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", "<html>"}) {
    EXPECT_FALSE(JwkSet::parse(text)) << text;
  }
  EXPECT_FALSE(JwkSet::parse(std::string(kMaxJwksBytes + 1, ' ')));
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i == 0 ? "" : ",") + ed_.jwk(std::to_string(i));
  EXPECT_FALSE(JwkSet::parse("{\"keys\":[" + many + "]}"));
}

TEST_F(OutsideIssuerTest, ATokenWithoutAKidFitsTheOnlyKeyOfItsAlgorithm) {
  publish(ed_.jwk("a"));
  ASSERT_TRUE(issuer_.refresh());
  const std::string token = ed_.sign("EdDSA", R"({"alg":"EdDSA"})", claims());
  EXPECT_TRUE(verify(token)->has_value());
  publish(ed_.jwk("a") + "," + ForgedKey::ed25519().jwk("b"));
  clock_.advance_ms(30'000);
  ASSERT_TRUE(issuer_.refresh());
  EXPECT_FALSE(verify(token)->has_value());
}

TEST_F(OutsideIssuerTest, TypesIssuersAudiencesTimesAndSubjectsAreChecked) {
  publish(ed_.jwk("ed"));
  ASSERT_TRUE(issuer_.refresh());
  const auto with_type = [&](std::string_view typ) {
    return verify(ed_.sign("EdDSA", fmt::format(R"({{"alg":"EdDSA","kid":"ed","typ":"{}"}})", typ), claims()));
  };
  for (const char* typ : {"JWT", "jwt", "at+jwt", "application/at+jwt"}) EXPECT_TRUE(with_type(typ)) << typ;
  for (const char* typ : {"logout+jwt", "dpop+jwt", ""}) EXPECT_FALSE(with_type(typ)) << typ;

  const auto with_claims = [&](const std::string& json) {
    return verify(ed_.sign("EdDSA", header("EdDSA", "ed"), json));
  };
  const TimestampMs now = clock_.now_ms() / 1000;
  const auto token_of = [&](std::string_view iss, std::string_view aud, std::string_view sub, TimestampMs exp) {
    return fmt::format(R"({{"iss":"{}","aud":{},"sub":"{}","exp":{}}})", iss, aud, sub, exp);
  };
  const char* issuer = "https://id.example";
  EXPECT_TRUE(with_claims(token_of(issuer, "\"chat\"", "ann", now + 1)));
  EXPECT_TRUE(with_claims(token_of(issuer, "\"chat\"", "ann", now - 59)));
  EXPECT_EQ(code_of(with_claims(token_of(issuer, "\"chat\"", "ann", now - 60))), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(with_claims(token_of("https://evil", "\"chat\"", "ann", now + 1))), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(with_claims(token_of(issuer, "[\"web\"]", "ann", now + 1))), ErrorCode::kInvalidToken);
  for (const char* sub : {"", "a b", "..", "auth0|123"}) {
    EXPECT_EQ(code_of(with_claims(token_of(issuer, "\"chat\"", sub, now + 1))), ErrorCode::kInvalidToken) << sub;
  }
}

TEST_F(OutsideIssuerTest, UnknownKeysAreFetchedAtMostEveryThirtySeconds) {
  publish(ed_.jwk("ed"));
  const std::string good = ed_.sign("EdDSA", header("EdDSA", "ed"), claims());
  const std::string unknown = ed_.sign("EdDSA", header("EdDSA", "other"), claims());
  EXPECT_TRUE(login(good));
  EXPECT_EQ(fetches_, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(login(unknown)), ErrorCode::kInvalidToken);
  EXPECT_EQ(fetches_, 1);
  clock_.advance_ms(30'000);
  publish(ed_.jwk("other"));
  EXPECT_TRUE(login(unknown));
  EXPECT_EQ(fetches_, 2);
}

TEST_F(OutsideIssuerTest, TheLastGoodKeysStayWhileTheIssuerIsDown) {
  publish(ed_.jwk("ed"));
  ASSERT_TRUE(issuer_.refresh());
  document_ = fail(ErrorCode::kUnavailable, "connection refused");
  clock_.advance_ms(600'000);
  EXPECT_TRUE(login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims())));
  EXPECT_EQ(fetches_, 2);
  document_ = "not a key set";
  clock_.advance_ms(30'000);
  EXPECT_TRUE(login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims(R"("jti":"2",)"))));
  EXPECT_EQ(fetches_, 3);
}

TEST_F(OutsideIssuerTest, WithoutAnyKeysTheAnswerIsUnavailableAndSaysWhy) {
  const auto refused = login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims()));
  EXPECT_EQ(code_of(refused), ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().detail.find("connection refused"), std::string::npos);
  publish(ed_.jwk("ed"));
  EXPECT_EQ(code_of(login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims()))), ErrorCode::kUnavailable);
  clock_.advance_ms(30'000);
  EXPECT_TRUE(login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims())));
}

TEST_F(OutsideIssuerTest, ANewUserOfTheIssuerIsCreatedAndADeletedOneStaysOut) {
  publish(ed_.jwk("ed"));
  const std::string token = ed_.sign("EdDSA", header("EdDSA", "ed"), claims());
  ASSERT_TRUE(login(token));
  ASSERT_TRUE(store_.user(UserId{"ann"}));
  ASSERT_TRUE(store_.begin_user_deletion(UserId{"ann"}, clock_.now_ms()));
  ASSERT_TRUE(token_service_.end_user_tokens(UserId{"ann"}));
  EXPECT_EQ(code_of(login(token)), ErrorCode::kInvalidToken);
  clock_.advance_ms(5000);
  EXPECT_EQ(code_of(login(ed_.sign("EdDSA", header("EdDSA", "ed"), claims()))), ErrorCode::kInvalidToken);
}

TEST_F(OutsideIssuerTest, AnotherIssuersTokenIsNotOursEvenWithOurKeyName) {
  publish(ed_.jwk(keys_->newest()->kid()));
  create_user("ann");
  const TimestampMs now = clock_.now_ms() / 1000;
  const std::string forged =
      ed_.sign("EdDSA", fmt::format(R"({{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}})", keys_->newest()->kid()),
               fmt::format(R"({{"iss":"chat4all","aud":"chat4all","sub":"ann","iat":{},"exp":{},"jti":"{}"}})", now,
                           now + 100, Uuid::v7(clock_.now_ms()).str()));
  EXPECT_EQ(code_of(login(forged)), ErrorCode::kInvalidToken);
  EXPECT_EQ(fetches_, 0);
}

TEST(JwksFetchTest, OnlyHttpsAndThisMachineAreAsked) {
  for (const char* good :
       {"https://id.example/jwks", "http://127.0.0.1:9/jwks", "http://localhost/x", "http://[::1]/x"}) {
    EXPECT_TRUE(check_jwks_url(good)) << good;
  }
  for (const char* bad : {"http://id.example/jwks", "file:///etc/passwd", "ftp://127.0.0.1/x", "id.example/jwks", "",
                          "http://127.0.0.1@id.example/", "http://localhost.evil.example/"}) {
    EXPECT_FALSE(check_jwks_url(bad)) << bad;
    EXPECT_FALSE(fetch_jwks(bad)) << bad;
  }
}

// Answers one connection with `answer`, on a port of the system's choice.
class OneAnswerServer {
 public:
  explicit OneAnswerServer(std::string answer)
      : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~OneAnswerServer() {
    thread_.join();
    ::close(socket_);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/jwks", port_); }

 private:
  void serve() {
    const int peer = ::accept(socket_, nullptr, nullptr);
    char request[4096];
    (void)::recv(peer, request, sizeof request, 0);
    std::size_t sent = 0;
    while (sent < answer_.size()) {
      const ssize_t step = ::send(peer, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
      if (step <= 0) break;
      sent += static_cast<std::size_t>(step);
    }
    ::shutdown(peer, SHUT_WR);
    while (::recv(peer, request, sizeof request, 0) > 0) {
    }
    ::close(peer);
  }

  std::string answer_;
  int socket_;
  int port_ = 0;
  std::jthread thread_;
};

TEST(JwksFetchTest, ADocumentIsFetchedWholeAndNothingElseIsTaken) {
  {
    OneAnswerServer server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"keys\":[]}");
    EXPECT_EQ(fetch_jwks(server.url()), "{\"keys\":[]}");
  }
  {
    OneAnswerServer server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(fetch_jwks(server.url()).error().code, ErrorCode::kUnavailable);
  }
  {
    OneAnswerServer server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(kMaxJwksBytes + 1, ' '));
    const auto refused = fetch_jwks(server.url());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("larger than 256 KiB"), std::string::npos) << refused.error().detail;
  }
}

}  // namespace
}  // namespace c4a
