#include "auth/jwt.h"

#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "base/json_reader.h"

namespace c4a {
namespace {

constexpr double kMaxSeconds = 253'402'300'800.0;  // the year 10000

std::unexpected<Error> malformed() { return invalid_token("The bearer token is not a well-formed JSON Web Token."); }

// Members of a token: absent is empty, a wrong type spoils the whole token.
class TokenMembers {
 public:
  explicit TokenMembers(JsonObject object) : object_(object) {}

  std::optional<std::string> text(std::string_view name) {
    JsonElement element;
    if (object_.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
      well_formed_ = false;
      return std::nullopt;
    }
    return std::string(text);
  }

  // RFC 7519 NumericDate: seconds, perhaps with a fraction.
  std::optional<TimestampMs> time(std::string_view name) {
    JsonElement element;
    if (object_.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
    double seconds = 0;
    if (element.get_double().get(seconds) != simdjson::SUCCESS || !(seconds >= 0 && seconds < kMaxSeconds)) {
      well_formed_ = false;
      return std::nullopt;
    }
    return static_cast<TimestampMs>(std::floor(seconds * 1000));
  }

  // One text or a list of texts.
  std::vector<std::string> texts(std::string_view name) {
    JsonElement element;
    if (object_.at_key(name).get(element) != simdjson::SUCCESS) return {};
    std::vector<std::string> texts;
    JsonArray array;
    if (element.get_array().get(array) != simdjson::SUCCESS) {
      if (auto one = text(name)) texts.push_back(*std::move(one));
      return texts;
    }
    for (const JsonElement item : array) {
      std::string_view one;
      if (item.get_string().get(one) != simdjson::SUCCESS) well_formed_ = false;
      texts.emplace_back(one);
    }
    return texts;
  }

  bool has(std::string_view name) const { return object_.at_key(name).error() == simdjson::SUCCESS; }
  bool well_formed() const { return well_formed_; }

 private:
  JsonObject object_;
  bool well_formed_ = true;
};

Result<> read_header(Jwt& jwt, std::string_view json) {
  const auto object = parse_json_object(json);
  if (!object) return malformed();
  TokenMembers members(*object);
  auto alg = members.text("alg");
  jwt.typ = members.text("typ");
  jwt.kid = members.text("kid");
  if (!alg || !members.well_formed()) return malformed();
  if (jwt.kid && (jwt.kid->empty() || jwt.kid->size() > kMaxKidBytes)) return malformed();
  // `crit` names extensions that must be understood, and we understand none; `b64` would change what is signed.
  if (members.has("crit") || members.has("b64")) {
    return invalid_token("The token demands an extension that is not supported.");
  }
  jwt.alg = *std::move(alg);
  return {};
}

Result<> read_claims(JwtClaims& claims, std::string_view json) {
  const auto object = parse_json_object(json);
  if (!object) return malformed();
  TokenMembers members(*object);
  claims.issuer = members.text("iss").value_or("");
  claims.subject = members.text("sub").value_or("");
  claims.audience = members.texts("aud");
  claims.jti = members.text("jti").value_or("");
  claims.session_id = members.text("sid").value_or("");
  claims.issued_at = members.time("iat");
  claims.expires_at = members.time("exp");
  claims.not_before = members.time("nbf");
  if (!members.well_formed()) return malformed();
  // Only our own tokens mean something by these; elsewhere they may have any type.
  claims.client_id = members.text("client_id").value_or("");
  claims.scope = members.text("scope").value_or("");
  return {};
}

}  // namespace

std::unexpected<Error> invalid_token(std::string detail) { return fail(ErrorCode::kInvalidToken, std::move(detail)); }

bool looks_like_jwt(std::string_view token) {
  // The base64url of `{"` and of `{` with a blank behind it.
  return token.starts_with("ey") && token.find('.') != std::string_view::npos;
}

Result<Jwt> parse_jwt(std::string_view text) {
  if (text.size() > kMaxJwtBytes) return invalid_token("The bearer token is longer than 8 KiB.");
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) return malformed();

  const auto header = from_base64url(text.substr(0, first));
  const auto claims = from_base64url(text.substr(first + 1, second - first - 1));
  auto signature = from_base64url(text.substr(second + 1));
  if (!header || !claims || !signature) return malformed();
  Jwt jwt;
  C4A_CHECK(read_header(jwt, *header));
  C4A_CHECK(read_claims(jwt.claims, *claims));
  jwt.signed_text = std::string(text.substr(0, second));
  jwt.signature = *std::move(signature);
  return jwt;
}

Result<> check_times(const JwtClaims& claims, TimestampMs now, std::int64_t skew_ms) {
  if (!claims.expires_at) return invalid_token("The token does not say when it expires.");
  if (now >= *claims.expires_at + skew_ms) return invalid_token("The token has expired; get a new one.");
  if (claims.not_before && *claims.not_before > now + skew_ms) return invalid_token("The token is not valid yet.");
  if (claims.issued_at && *claims.issued_at > now + skew_ms) {
    return invalid_token("The token was issued in the future; check the clock of its issuer.");
  }
  return {};
}

}  // namespace c4a
