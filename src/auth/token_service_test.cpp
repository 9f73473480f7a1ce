#include "auth/token_service.h"

#include <sodium.h>

#include "auth/auth_fixture.h"

namespace c4a {
namespace {

class TokenServiceTest : public AuthFixture {
 protected:
  Result<TokenGrant> login(const std::string& user_id, const std::string& password) {
    return token_service_.grant({"password", user_id, password, {}, {}, {}, {}});
  }
  Result<TokenGrant> refresh(const std::string& token) {
    return token_service_.grant({"refresh_token", {}, {}, {}, {}, token, {}});
  }
  Result<TokenGrant> key_login(const std::string& client_id, const std::string& secret,
                               std::optional<std::string> scope = {}) {
    return token_service_.grant({"client_credentials", {}, {}, client_id, secret, {}, std::move(scope)});
  }
};

TEST_F(TokenServiceTest, TheRightPasswordGivesTokens) {
  create_user("ann", *hash_password("correct horse"));
  const auto grant = login("ann", "correct horse");
  ASSERT_TRUE(grant) << grant.error().detail;
  EXPECT_EQ(grant->expires_in_s, 3600);
  EXPECT_TRUE(grant->refresh_token.starts_with("c4r_"));
  EXPECT_EQ(grant->subject, "user:ann");
  EXPECT_EQ(acting_user(*authenticate(grant->access_token)), UserId{"ann"});
}

TEST_F(TokenServiceTest, WrongCredentialsOfAnyKindLookAlike) {
  create_user("ann", *hash_password("correct horse"));
  create_user("nopassword");
  const auto key = create_key(ScopeSet::all());
  const auto wrong = login("ann", "correct horsf");
  EXPECT_EQ(code_of(wrong), ErrorCode::kInvalidGrant);
  for (const auto& refused : {login("bob", "correct horse"), login("..", "x"), login("nopassword", "x"),
                              key_login(key.record.client_id, "c4a_wrong"), key_login("client_other", key.key),
                              refresh("c4r_unknown"), refresh(key.key)}) {
    EXPECT_EQ(code_of(refused), ErrorCode::kInvalidGrant);
    EXPECT_EQ(refused.error().detail, wrong.error().detail);
  }
}

TEST_F(TokenServiceTest, MissingFieldsAndUnknownGrantsAreNamed) {
  const auto refusal = [&](const TokenRequest& request) { return code_of(token_service_.grant(request)); };
  EXPECT_EQ(refusal({}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"password", {}, "x", {}, {}, {}, {}}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"password", "ann", {}, {}, {}, {}, {}}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"client_credentials", {}, {}, "c", {}, {}, {}}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"client_credentials", {}, {}, {}, "s", {}, {}}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"refresh_token", {}, {}, {}, {}, "", {}}), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refusal({"authorization_code", {}, {}, {}, {}, {}, {}}), ErrorCode::kUnsupportedGrantType);
}

TEST_F(TokenServiceTest, AKeyGetsNoMoreThanItHas) {
  const auto key = create_key(*ScopeSet::parse_text("messages files"));
  EXPECT_EQ(key_login(key.record.client_id, key.key)->scope, "messages files");
  EXPECT_EQ(key_login(key.record.client_id, key.key, "files")->scope, "files");
  EXPECT_EQ(code_of(key_login(key.record.client_id, key.key, "admin")), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code_of(key_login(key.record.client_id, key.key, "nonsense")), ErrorCode::kInvalidRequest);
}

TEST_F(TokenServiceTest, ARefreshTokenIsRotatedAtEachUse) {
  create_user("ann");
  auto grant = token_service_.mint_for_user(UserId{"ann"});
  ASSERT_TRUE(grant);
  for (int i = 0; i < 3; ++i) {
    const auto next = refresh(grant->refresh_token);
    ASSERT_TRUE(next) << next.error().detail;
    EXPECT_NE(next->refresh_token, grant->refresh_token);
    EXPECT_TRUE(authenticate(next->access_token));
    grant = next;
    clock_.advance_ms(20LL * 24 * 3600 * 1000);
  }
  clock_.advance_ms(10LL * 24 * 3600 * 1000);
  EXPECT_EQ(code_of(refresh(grant->refresh_token)), ErrorCode::kInvalidGrant);
}

TEST_F(TokenServiceTest, TheReuseOfARefreshTokenRevokesTheFamilyEvenInTheCache) {
  create_user("ann");
  const auto first = token_service_.mint_for_user(UserId{"ann"});
  const auto elsewhere = token_service_.mint_for_user(UserId{"ann"});
  const auto second = refresh(first->refresh_token);
  ASSERT_TRUE(second);
  ASSERT_TRUE(authenticate(first->access_token));
  ASSERT_TRUE(authenticate(second->access_token));
  EXPECT_EQ(code_of(refresh(first->refresh_token)), ErrorCode::kInvalidGrant);
  EXPECT_FALSE(is_cached(second->access_token));
  EXPECT_EQ(code_of(authenticate(first->access_token)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(authenticate(second->access_token)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(refresh(second->refresh_token)), ErrorCode::kInvalidGrant);
  EXPECT_TRUE(authenticate(elsewhere->access_token));
  EXPECT_TRUE(refresh(elsewhere->refresh_token));
}

TEST_F(TokenServiceTest, RevokingAnAccessTokenEndsItAtOnceAndNothingElse) {
  create_user("ann");
  const auto grant = token_service_.mint_for_user(UserId{"ann"});
  ASSERT_TRUE(authenticate(grant->access_token));
  ASSERT_TRUE(token_service_.revoke(grant->access_token));
  EXPECT_FALSE(is_cached(grant->access_token));
  EXPECT_EQ(code_of(authenticate(grant->access_token)), ErrorCode::kInvalidToken);
  EXPECT_TRUE(refresh(grant->refresh_token));
}

TEST_F(TokenServiceTest, RevokingARefreshTokenEndsItsAccessTokensToo) {
  create_user("ann");
  const auto grant = token_service_.mint_for_user(UserId{"ann"});
  ASSERT_TRUE(authenticate(grant->access_token));
  ASSERT_TRUE(token_service_.revoke(grant->refresh_token));
  EXPECT_EQ(code_of(authenticate(grant->access_token)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(refresh(grant->refresh_token)), ErrorCode::kInvalidGrant);
}

TEST_F(TokenServiceTest, RevokingWhatIsUnknownSucceeds) {
  for (const char* token : {"", "c4r_unknown", "nonsense", "eyJ.a.b", "eyJhbGciOiJub25lIn0.e30."}) {
    EXPECT_TRUE(token_service_.revoke(token)) << token;
  }
  EXPECT_TRUE(store_.revocations(0, 0)->empty());
}

TEST_F(TokenServiceTest, EndingAUsersTokensSparesThoseIssuedAfterwardsInTheSameMillisecond) {
  create_user("ann", *hash_password("correct horse"));
  const auto before = login("ann", "correct horse");
  ASSERT_TRUE(authenticate(before->access_token));
  ASSERT_TRUE(token_service_.end_user_tokens(UserId{"ann"}));
  const auto after = login("ann", "correct horse");
  ASSERT_TRUE(after);
  EXPECT_EQ(code_of(authenticate(before->access_token)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(refresh(before->refresh_token)), ErrorCode::kInvalidGrant);
  EXPECT_TRUE(authenticate(after->access_token));
  EXPECT_TRUE(refresh(after->refresh_token));
}

TEST_F(TokenServiceTest, RevocationsSurviveARestart) {
  create_user("ann");
  const auto one = token_service_.mint_for_user(UserId{"ann"});
  const auto two = token_service_.mint_for_user(UserId{"ann"});
  ASSERT_TRUE(token_service_.revoke(one->access_token));
  ASSERT_TRUE(token_service_.revoke(two->refresh_token));
  RevocationSet restarted;
  ASSERT_TRUE(restarted.load(store_, clock_.now_ms()));
  Authenticator again(store_, access_tokens_, restarted, nullptr, clock_);
  EXPECT_EQ(code_of(again.authenticate_token(one->access_token, "")), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(again.authenticate_token(two->access_token, "")), ErrorCode::kInvalidToken);
}

TEST_F(TokenServiceTest, ARefreshedKeyTokenFollowsTheKeysPresentState) {
  const auto key = create_key(ScopeSet::all());
  const auto grant = key_login(key.record.client_id, key.key);
  ASSERT_TRUE(grant);
  const auto next = refresh(grant->refresh_token);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->scope, "admin");
  EXPECT_EQ(next->subject, "key:" + key.record.client_id);
  ASSERT_TRUE(token_service_.delete_key(key.record.key_id));
  EXPECT_EQ(code_of(refresh(next->refresh_token)), ErrorCode::kInvalidGrant);
}

TEST_F(TokenServiceTest, OnlyUsersWhoExistGetTokens) {
  EXPECT_EQ(code_of(token_service_.mint_for_user(UserId{"bob"})), ErrorCode::kUserNotFound);
  create_user("ann");
  const auto grant = token_service_.mint_for_user(UserId{"ann"});
  ASSERT_TRUE(store_.begin_user_deletion(UserId{"ann"}, clock_.now_ms()));
  EXPECT_EQ(code_of(refresh(grant->refresh_token)), ErrorCode::kInvalidGrant);
}

TEST_F(TokenServiceTest, AHashOfOldParametersIsReplacedAtTheNextLogin) {
  char old_hash[crypto_pwhash_STRBYTES];
  ASSERT_EQ(crypto_pwhash_str(old_hash, "correct horse", 13, 1, 8192 * 16), 0);
  create_user("ann", old_hash);
  ASSERT_TRUE(login("ann", "correct horse"));
  const auto new_hash = store_.user(UserId{"ann"})->password_hash;
  ASSERT_TRUE(new_hash);
  EXPECT_FALSE(needs_rehash(*new_hash));
  EXPECT_TRUE(login("ann", "correct horse"));
}

TEST_F(TokenServiceTest, AStoreThatIsDownIsNotAWrongPassword) {
  create_user("ann", *hash_password("correct horse"));
  store_.set_down(true);
  EXPECT_EQ(code_of(login("ann", "correct horse")), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(refresh("c4r_x")), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(token_service_.revoke("c4r_x")), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace c4a
