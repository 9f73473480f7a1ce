#pragma once

// Everything that authentication needs, over the in-memory store and a clock that stands still. For tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "auth/access_token.h"
#include "auth/api_key.h"
#include "auth/authenticator.h"
#include "auth/password_hash.h"
#include "auth/revocation_set.h"
#include "auth/signing_keys.h"
#include "auth/token_service.h"
#include "metadata_store/fake_metadata_store.h"

namespace c4a {

class AuthFixture : public ::testing::Test {
 protected:
  void create_user(const std::string& user_id, std::optional<std::string> password_hash = {}) {
    ASSERT_TRUE(store_.create_user({UserId{user_id}, {}, "{}", std::move(password_hash), clock_.now_ms()}));
  }
  NewApiKey create_key(ScopeSet scopes) {
    auto key = new_api_key("shop", scopes, clock_.now_ms());
    EXPECT_TRUE(store_.create_key(key.record));
    return key;
  }
  std::string token_for(const std::string& user_id) {
    return token_service_.mint_for_user(UserId{user_id}).value().access_token;
  }
  Result<Identity> authenticate(const std::string& token, std::string_view act_as = {}) {
    return authenticator_.authenticate("Bearer " + token, act_as);
  }
  bool is_cached(const std::string& token, std::string_view act_as = {}) {
    return authenticator_.try_authenticate_cached(token, act_as).has_value();
  }
  template <class T>
  static ErrorCode code_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? ErrorCode::kInternal : result.error().code;
  }

  ManualClock clock_;
  FakeMetadataStore store_;
  std::unique_ptr<SigningKeys> keys_ = SigningKeys::load(store_, clock_).value();
  AccessTokens access_tokens_{*keys_, {}, clock_};
  RevocationSet revocations_;
  Authenticator authenticator_{store_, access_tokens_, revocations_, nullptr, clock_};
  TokenService token_service_{store_, access_tokens_, revocations_, clock_};
};

}  // namespace c4a
