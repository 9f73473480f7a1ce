#include "auth/authenticator.h"

#include "auth/auth_fixture.h"
#include "auth/jwt_forge.h"

namespace c4a {
namespace {

class AuthenticatorTest : public AuthFixture {};

TEST_F(AuthenticatorTest, AUsersTokenIsTheUser) {
  create_user("ann");
  const std::string token = token_for("ann");
  EXPECT_FALSE(is_cached(token));
  const auto identity = authenticate(token);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->kind, Identity::Kind::kUser);
  EXPECT_EQ(acting_user(*identity), UserId{"ann"});
  EXPECT_EQ(identity->expires_at, clock_.now_ms() / 1000 * 1000 + 3'600'000);
  EXPECT_FALSE(identity->has_scope(Scope::kMessages));
  EXPECT_EQ(identity->actor(), "user:ann");
  EXPECT_TRUE(is_cached(token));
}

TEST_F(AuthenticatorTest, ACachedTokenNeedsNoStore) {
  create_user("ann");
  const std::string token = token_for("ann");
  ASSERT_TRUE(authenticate(token));
  store_.set_down(true);
  EXPECT_TRUE(authenticate(token));
  clock_.advance_ms(600'000);
  EXPECT_EQ(code_of(authenticate(token)), ErrorCode::kUnavailable);
}

TEST_F(AuthenticatorTest, TheHeaderMustBeBearerAndAToken) {
  EXPECT_EQ(code_of(authenticator_.authenticate("", "")), ErrorCode::kUnauthorized);
  for (const char* header : {"Bearer", "Bearer ", "Basic YTpi", "bearer", "c4a_x"}) {
    EXPECT_EQ(code_of(authenticator_.authenticate(header, "")), ErrorCode::kInvalidToken) << header;
  }
  EXPECT_EQ(code_of(authenticator_.authenticate("Bearer " + std::string(9000, 'x'), "")), ErrorCode::kInvalidToken);
  create_user("ann");
  const std::string token = token_for("ann");
  EXPECT_TRUE(authenticator_.authenticate("bEARER  " + token, ""));
}

TEST_F(AuthenticatorTest, AKeyActsForAUserWhoExists) {
  create_user("ann");
  const auto key = create_key(ScopeSet::of(Scope::kMessages));
  const auto identity = authenticate(key.key, "ann");
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->kind, Identity::Kind::kKey);
  EXPECT_EQ(identity->key_id, key.record.key_id);
  EXPECT_EQ(identity->client_id, key.record.client_id);
  EXPECT_EQ(acting_user(*identity), UserId{"ann"});
  EXPECT_TRUE(require_scope(*identity, Scope::kMessages));
  EXPECT_EQ(code_of(require_scope(*identity, Scope::kUsers)), ErrorCode::kInsufficientScope);
  EXPECT_FALSE(identity->expires_at);
  EXPECT_TRUE(is_cached(key.key, "ann"));
  EXPECT_FALSE(is_cached(key.key, "bob"));
}

TEST_F(AuthenticatorTest, ActAsFollowsItsRules) {
  create_user("ann");
  const auto key = create_key(ScopeSet::all());
  for (const char* nobody : {"bob", "..", "a b", "x/y"}) {
    const auto refused = authenticate(key.key, nobody);
    EXPECT_EQ(code_of(refused), ErrorCode::kUnknownUser) << nobody;
    EXPECT_EQ(refused.error().fields.at(0).pointer, "X-Act-As");
  }
  const auto alone = authenticate(key.key);
  ASSERT_TRUE(alone);
  EXPECT_EQ(code_of(acting_user(*alone)), ErrorCode::kActAsRequired);
  const std::string token = token_for("ann");
  EXPECT_EQ(code_of(authenticate(token, "ann")), ErrorCode::kActAsNotAllowed);
  EXPECT_EQ(code_of(*authenticator_.try_authenticate_cached(token, "ann")), ErrorCode::kActAsNotAllowed);
}

TEST_F(AuthenticatorTest, ADeletedKeyEndsAtOnceEvenWhereItWasCached) {
  const auto key = create_key(ScopeSet::all());
  const auto grant = token_service_.grant({"client_credentials", {}, {}, key.record.client_id, key.key, {}, {}});
  ASSERT_TRUE(grant);
  ASSERT_TRUE(authenticate(key.key));
  ASSERT_TRUE(authenticate(grant->access_token));
  ASSERT_TRUE(token_service_.delete_key(key.record.key_id));
  EXPECT_FALSE(is_cached(key.key));
  EXPECT_EQ(code_of(authenticate(key.key)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(authenticate(grant->access_token)), ErrorCode::kInvalidToken);
}

TEST_F(AuthenticatorTest, ADeletedUserEndsAtOnceEvenWhereItWasCached) {
  create_user("ann");
  const auto key = create_key(ScopeSet::all());
  const std::string token = token_for("ann");
  ASSERT_TRUE(authenticate(token));
  ASSERT_TRUE(authenticate(key.key, "ann"));
  ASSERT_TRUE(store_.begin_user_deletion(UserId{"ann"}, clock_.now_ms()));
  ASSERT_TRUE(token_service_.end_user_tokens(UserId{"ann"}));
  EXPECT_FALSE(is_cached(token));
  EXPECT_EQ(code_of(authenticate(token)), ErrorCode::kInvalidToken);
  EXPECT_EQ(code_of(authenticate(key.key, "ann")), ErrorCode::kUnknownUser);
  EXPECT_TRUE(authenticate(key.key));
}

TEST_F(AuthenticatorTest, ATokenWhoseUserVanishedWithoutARevocationIsRefusedOnceTheCacheForgets) {
  create_user("ann");
  const std::string token = token_for("ann");
  ASSERT_TRUE(authenticate(token));
  ASSERT_TRUE(store_.begin_user_deletion(UserId{"ann"}, clock_.now_ms()));  // by another process
  clock_.advance_ms(600'000);
  EXPECT_EQ(code_of(authenticate(token)), ErrorCode::kInvalidToken);
}

TEST_F(AuthenticatorTest, AKeysTokenWorksAsTheKeyWithWhatBothAllow) {
  create_user("ann");
  const auto key = create_key(*ScopeSet::parse_text("messages users"));
  const auto grant =
      token_service_.grant({"client_credentials", {}, {}, key.record.client_id, key.key, {}, "messages"});
  ASSERT_TRUE(grant);
  const auto identity = authenticate(grant->access_token, "ann");
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->kind, Identity::Kind::kKey);
  EXPECT_EQ(identity->key_id, key.record.key_id);
  EXPECT_EQ(acting_user(*identity), UserId{"ann"});
  EXPECT_EQ(identity->scopes, ScopeSet::of(Scope::kMessages));
  EXPECT_TRUE(identity->expires_at);
}

TEST_F(AuthenticatorTest, TheUseOfAKeyIsNotedOnceAMinute) {
  const auto key = create_key(ScopeSet::all());
  const auto last_used = [&] { return (*store_.key_by_hash(key.record.key_hash))->last_used_at; };
  EXPECT_FALSE(last_used());
  ASSERT_TRUE(authenticate(key.key));
  EXPECT_EQ(last_used(), clock_.now_ms());
  clock_.advance_ms(59'000);
  ASSERT_TRUE(authenticate(key.key));
  EXPECT_EQ(last_used(), clock_.now_ms() - 59'000);
  clock_.advance_ms(1000);
  ASSERT_TRUE(authenticate(key.key));
  EXPECT_EQ(last_used(), clock_.now_ms());
}

TEST_F(AuthenticatorTest, UnknownCredentialsOfAnyKindAreInvalid) {
  for (const char* token : {"c4a_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", "eyJ.eyJ.x", "c4r_x", "ey."}) {
    EXPECT_EQ(code_of(authenticate(token)), ErrorCode::kInvalidToken) << token;
  }
}

TEST_F(AuthenticatorTest, AKeyOfAnyTextWorksWhereTheOperatorChoseIt) {
  const auto chosen = new_api_key("admin", ScopeSet::all(), clock_.now_ms(), "my.own.secret");
  ASSERT_TRUE(store_.put_admin_key(chosen.record));
  EXPECT_TRUE(authenticate("my.own.secret"));
}

TEST_F(AuthenticatorTest, TheLocalOperatorMayDoEverythingButIsNoUser) {
  const Identity local = Identity::local_operator();
  EXPECT_TRUE(require_scope(local, Scope::kConnector));
  EXPECT_EQ(code_of(acting_user(local)), ErrorCode::kActAsRequired);
  EXPECT_EQ(local.actor(), "operator");
}

}  // namespace
}  // namespace c4a
