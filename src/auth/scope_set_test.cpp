#include "auth/scope_set.h"

#include <gtest/gtest.h>

#include "auth/api_key.h"

namespace c4a {
namespace {

TEST(ScopeSetTest, AdminHoldsEveryScope) {
  const auto admin = ScopeSet::parse_text("admin");
  ASSERT_TRUE(admin);
  EXPECT_TRUE(admin->has(Scope::kFiles));
  EXPECT_TRUE(admin->covers(ScopeSet::of(Scope::kPresence)));
  EXPECT_FALSE(ScopeSet::of(Scope::kFiles).covers(*admin));
  EXPECT_EQ(admin->intersect(ScopeSet::of(Scope::kFiles)), ScopeSet::of(Scope::kFiles));
}

TEST(ScopeSetTest, ScopesAreReadFromTextAndWrittenBack) {
  const auto scopes = ScopeSet::parse_text("users,messages connector");
  ASSERT_TRUE(scopes);
  EXPECT_EQ(scopes->text(), "messages users connector");
  EXPECT_TRUE(scopes->has(Scope::kUsers));
  EXPECT_FALSE(scopes->has(Scope::kAdmin));
  EXPECT_FALSE(scopes->has(Scope::kWebhooks));
}

TEST(ScopeSetTest, AnUnknownScopeIsRefusedWithTheListOfTheKnown) {
  const auto refused = ScopeSet::parse(std::vector<std::string>{"messages", "root"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kValidationFailed);
  EXPECT_EQ(refused.error().fields.at(0).pointer, "/scopes");
  EXPECT_NE(refused.error().detail.find("admin, messages, users, webhooks, connector, files, channels, presence"),
            std::string::npos);
  EXPECT_FALSE(ScopeSet::parse({}));
}

TEST(ScopeSetTest, StoredScopesThatAreNotKnownAreLeftOut) {
  EXPECT_EQ(ScopeSet::from_stored(std::vector<std::string>{"files", "from_the_future"}), ScopeSet::of(Scope::kFiles));
}

TEST(ApiKeyTest, AKeyIsLongRandomAndStoredOnlyAsItsHash) {
  const auto first = new_api_key("shop", ScopeSet::all(), 1);
  const auto second = new_api_key("shop", ScopeSet::all(), 1);
  EXPECT_TRUE(first.key.starts_with("c4a_"));
  EXPECT_EQ(first.key.size(), 47u);
  EXPECT_NE(first.key, second.key);
  EXPECT_NE(first.record.client_id, second.record.client_id);
  EXPECT_EQ(first.record.key_hash, secret_hash(first.key));
  EXPECT_EQ(first.record.key_hash.size(), 32u);
  EXPECT_EQ(new_api_key("admin", ScopeSet::all(), 1, "given").key, "given");
}

}  // namespace
}  // namespace c4a
