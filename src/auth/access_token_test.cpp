#include "auth/access_token.h"

#include <fmt/format.h>

#include "auth/auth_fixture.h"
#include "auth/jwt_forge.h"
#include "base/encoding.h"
#include "base/json_reader.h"

namespace c4a {
namespace {

class AccessTokenTest : public AuthFixture {
 protected:
  Result<VerifiedAccessToken> verify(std::string_view token) {
    C4A_TRY(const Jwt jwt, parse_jwt(token));
    return access_tokens_.verify(jwt);
  }
  std::string header(std::string_view alg = "EdDSA", std::string_view typ = "at+jwt") const {
    return fmt::format(R"({{"alg":"{}","typ":"{}","kid":"{}"}})", alg, typ, keys_->newest()->kid());
  }
  // The claims of a good token, with one member replaced or added.
  std::string claims(std::string_view name = "x", std::string_view value = "0") const {
    std::vector<std::pair<std::string, std::string>> members = {{"sub", "\"ann\""},
                                                                {"iss", "\"chat4all\""},
                                                                {"aud", "\"chat4all\""},
                                                                {"iat", std::to_string(clock_.now_ms() / 1000)},
                                                                {"jti", '"' + Uuid::v7(clock_.now_ms()).str() + '"'},
                                                                {"exp", std::to_string(clock_.now_ms() / 1000 + 100)}};
    std::string json = "{";
    bool replaced = false;
    for (const auto& [member, good] : members) {
      const bool other = member == name;
      replaced |= other;
      if (other && value.empty()) continue;
      json += fmt::format("\"{}\":{},", member, other ? value : std::string_view(good));
    }
    if (!replaced) json += fmt::format("\"{}\":{},", name, value);
    json.back() = '}';
    return json;
  }
  // Signed with our own key: what is refused is refused for the rule under test.
  std::string signed_by_us(std::string_view head, std::string_view body) const {
    return ForgedKey::ed25519_from_seed(store().signing_keys()->at(0).private_key).sign("EdDSA", head, body);
  }
  FakeMetadataStore& store() const { return const_cast<FakeMetadataStore&>(store_); }
  void expect_refused(std::string_view token, std::string_view why) {
    const auto result = verify(token);
    ASSERT_FALSE(result) << why;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidToken) << why;
  }
};

TEST_F(AccessTokenTest, AnIssuedTokenIsVerifiedWithAllItsClaims) {
  const Uuid family = Uuid::v7(5);
  const auto issued =
      access_tokens_.issue({"client_1", "client_1", ScopeSet::of(Scope::kFiles), family}, clock_.now_ms() + 7);
  const auto verified = verify(issued.token);
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->claims.subject, "client_1");
  EXPECT_EQ(verified->claims.client_id, "client_1");
  EXPECT_EQ(verified->claims.scopes, ScopeSet::of(Scope::kFiles));
  EXPECT_EQ(verified->claims.family_id, family);
  EXPECT_EQ(verified->jti, issued.jti);
  EXPECT_EQ(verified->issued_at, clock_.now_ms() + 7);
  EXPECT_EQ(verified->expires_at, issued.expires_at);
  EXPECT_EQ(parse_jwt(issued.token)->typ, "at+jwt");
}

TEST_F(AccessTokenTest, TheTableOfForgedTokensWouldPassWithoutTheFlaw) {
  EXPECT_TRUE(verify(signed_by_us(header(), claims())));
}

TEST_F(AccessTokenTest, ATokenIsBelievedUntilOneMinuteAfterItsExpiry) {
  const auto issued = access_tokens_.issue({"ann", {}, {}, {}}, clock_.now_ms());
  clock_.advance_ms(3'659'999);
  EXPECT_TRUE(verify(issued.token));
  clock_.advance_ms(1);
  expect_refused(issued.token, "expired");
}

TEST_F(AccessTokenTest, OtherAlgorithmsAreRefused) {
  const auto key = ForgedKey::ed25519_from_seed(store_.signing_keys()->at(0).private_key);
  expect_refused(jwt_parts(header("none"), claims()) + ".", "none without a signature");
  expect_refused(jwt_parts(header("none"), claims()) + ".AAAA", "none with one");
  expect_refused(signed_by_us(header("none"), claims()), "none with a good one");
  expect_refused(signed_by_us(header("NONE"), claims()), "spelling of none");
  expect_refused(hmac_signed(key.public_pem(), header("HS256"), claims()), "HS256 with the public key as its secret");
  expect_refused(hmac_signed(key.public_pem(), header("EdDSA"), claims()), "an HMAC that calls itself EdDSA");
  expect_refused(ForgedKey::rsa(2048).sign("RS256", header("RS256"), claims()), "RS256");
  expect_refused(ForgedKey::p256().sign("ES256", header("ES256"), claims()), "ES256");
  expect_refused(ForgedKey::ed25519().sign("EdDSA", header(), claims()), "another Ed25519 key");
  expect_refused(signed_by_us(R"({"typ":"at+jwt","kid":")" + keys_->newest()->kid() + "\"}", claims()), "no alg");
}

TEST_F(AccessTokenTest, OtherTypesAndHeadersAreRefused) {
  const std::string& kid = keys_->newest()->kid();
  expect_refused(signed_by_us(header("EdDSA", "JWT"), claims()), "typ JWT");
  expect_refused(signed_by_us(header("EdDSA", "refresh"), claims()), "typ refresh");
  expect_refused(signed_by_us(R"({"alg":"EdDSA","kid":")" + kid + "\"}", claims()), "no typ");
  expect_refused(signed_by_us(R"({"alg":"EdDSA","typ":"at+jwt"})", claims()), "no kid");
  expect_refused(signed_by_us(R"({"alg":"EdDSA","typ":"at+jwt","crit":["exp"],"kid":")" + kid + "\"}", claims()),
                 "crit");
  expect_refused(signed_by_us(R"({"alg":"EdDSA","typ":"at+jwt","b64":false,"kid":")" + kid + "\"}", claims()), "b64");
  for (const char* bad : {R"("../../etc/passwd")", R"("' OR 1=1 --")", R"("")", "7", "null", "[]", R"("\u0000")"}) {
    expect_refused(signed_by_us(fmt::format(R"({{"alg":"EdDSA","typ":"at+jwt","kid":{}}})", bad), claims()), bad);
  }
  const std::string long_kid(300, 'k');
  expect_refused(signed_by_us(fmt::format(R"({{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}})", long_kid), claims()),
                 "long");
}

TEST_F(AccessTokenTest, WrongClaimsAreRefused) {
  const TimestampMs now = clock_.now_ms() / 1000;
  expect_refused(signed_by_us(header(), claims("iss", "\"elsewhere\"")), "issuer");
  expect_refused(signed_by_us(header(), claims("iss", "")), "no issuer");
  expect_refused(signed_by_us(header(), claims("aud", "\"other\"")), "audience");
  expect_refused(signed_by_us(header(), claims("aud", "[\"chat4all\",\"other\"]")), "more audiences");
  expect_refused(signed_by_us(header(), claims("aud", "[7]")), "audience of another type");
  expect_refused(signed_by_us(header(), claims("exp", "")), "no exp");
  expect_refused(signed_by_us(header(), claims("exp", std::to_string(now - 60))), "expired beyond the skew");
  expect_refused(signed_by_us(header(), claims("exp", "\"9999999999\"")), "exp as a text");
  expect_refused(signed_by_us(header(), claims("exp", "1e300")), "exp beyond all times");
  expect_refused(signed_by_us(header(), claims("exp", "-1")), "negative exp");
  expect_refused(signed_by_us(header(), claims("nbf", std::to_string(now + 61))), "not valid yet");
  expect_refused(signed_by_us(header(), claims("iat", std::to_string(now + 61))), "issued in the future");
  expect_refused(signed_by_us(header(), claims("iat", "")), "no iat");
  expect_refused(signed_by_us(header(), claims("jti", "\"x\"")), "odd jti");
  expect_refused(signed_by_us(header(), claims("sub", "")), "no subject");
  expect_refused(signed_by_us(header(), claims("sub", "7")), "subject of another type");
  EXPECT_TRUE(verify(signed_by_us(header(), claims("exp", std::to_string(now - 59)))));
  EXPECT_TRUE(verify(signed_by_us(header(), claims("nbf", std::to_string(now + 60)))));
}

TEST_F(AccessTokenTest, OtherSpellingsOfAGoodTokenAreRefused) {
  const std::string good = signed_by_us(header(), claims());
  ASSERT_TRUE(verify(good));
  expect_refused(good + ".", "four parts");
  expect_refused(good + "." + good, "five parts");
  expect_refused(good + "=", "padding");
  expect_refused(good + "\n", "a line end");
  expect_refused(" " + good, "a blank");
  expect_refused(good.substr(0, good.rfind('.')), "no signature");
  expect_refused(good.substr(0, good.rfind('.') + 1), "an empty signature");
  expect_refused(good.substr(0, good.size() - 1), "a shorter signature");
  // 64 bytes leave four unused bits in the last character: another one there is the same signature, spelled otherwise.
  std::string spelled = good;
  spelled.back() = static_cast<char>(spelled.back() + 1);
  expect_refused(spelled, "unused bits");
  std::string standard = good;
  standard[standard.rfind('.') + 1] = '+';
  expect_refused(standard, "the other base64 alphabet");
  expect_refused("", "nothing");
  expect_refused("..", "three empty parts");
}

TEST_F(AccessTokenTest, DuplicateKeysBrokenJsonAndHugeTokensAreRefused) {
  std::string twice = claims();
  twice.insert(1, "\"sub\":\"bob\",");
  expect_refused(signed_by_us(header(), twice), "a claim twice");
  std::string double_header = header();
  double_header.insert(1, "\"alg\":\"none\",");
  expect_refused(signed_by_us(double_header, claims()), "a header member twice");
  expect_refused(signed_by_us(header(), "[]"), "claims that are no object");
  expect_refused(signed_by_us(header(), "{"), "broken claims");
  expect_refused(signed_by_us("x", claims()), "a broken header");
  expect_refused(signed_by_us(header(), claims("pad", '"' + std::string(9000, 'x') + '"')), "huge");
  EXPECT_TRUE(verify(signed_by_us(header(), claims("pad", '"' + std::string(5000, 'x') + '"'))));
}

TEST_F(AccessTokenTest, TokensSurviveARestart) {
  const auto issued = access_tokens_.issue({"ann", {}, {}, {}}, clock_.now_ms());
  const auto again = SigningKeys::load(store_, clock_);
  ASSERT_TRUE(again);
  EXPECT_EQ(store_.signing_keys()->size(), 1u);
  const AccessTokens restarted(**again, {}, clock_);
  EXPECT_TRUE(restarted.verify(*parse_jwt(issued.token)));
}

TEST_F(AccessTokenTest, AKeyThatAnotherProcessMadeIsFoundInTheStore) {
  const auto token_of_another = [&](char fill) {
    const std::string seed(32, fill);
    const auto other = SigningKey::from_seed(seed);
    EXPECT_TRUE(store_.add_signing_key({(*other)->kid(), seed, clock_.now_ms() + 1}));
    const std::string text =
        jwt_parts(fmt::format(R"({{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}})", (*other)->kid()), claims());
    return text + "." + to_base64url((*other)->sign(text));
  };
  EXPECT_TRUE(verify(token_of_another('s'))) << "also at once: two that start together make a key each";
  const std::string later = token_of_another('t');
  clock_.advance_ms(999);
  expect_refused(later, "the store is asked once a second only");
  clock_.advance_ms(1);
  EXPECT_TRUE(verify(later));
}

TEST_F(AccessTokenTest, ThePublishedKeySetVerifiesOurTokens) {
  const auto document = parse_json_object(keys_->jwks_json());
  ASSERT_TRUE(document);
  const auto set = JwkSet::parse(keys_->jwks_json());
  ASSERT_TRUE(set);
  const auto jwt = parse_jwt(access_tokens_.issue({"ann", {}, {}, {}}, clock_.now_ms()).token);
  const auto* key = set->find(jwt->kid, "EdDSA");
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->verify("EdDSA", jwt->signed_text, jwt->signature));
  EXPECT_EQ(keys_->jwks_json().find(to_base64url(store_.signing_keys()->at(0).private_key)), std::string::npos);
}

}  // namespace
}  // namespace c4a
