#include "auth/token_cache.h"

#include <gtest/gtest.h>

#include "auth/known_users.h"
#include "metadata_store/fake_metadata_store.h"

namespace c4a {
namespace {

CachedCredential credential_of(const std::string& user_id, TimestampMs usable_until) {
  CachedCredential credential;
  credential.identity.user_id = UserId{user_id};
  credential.usable_until = usable_until;
  return credential;
}

TEST(TokenCacheTest, AnEntryIsFoundUntilItsTime) {
  TokenCache cache;
  cache.put("token", credential_of("ann", 10));
  ASSERT_NE(cache.find("token", 9), nullptr);
  EXPECT_EQ(cache.find("token", 9)->identity.user_id, UserId{"ann"});
  EXPECT_EQ(cache.find("toker", 9), nullptr);
  EXPECT_EQ(cache.find("token", 10), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(TokenCacheTest, ItNeverGrowsPastItsLimitAndKeepsWhatIsUsed) {
  TokenCache cache(160);
  cache.put("favourite", credential_of("ann", 10));
  for (int i = 0; i < 5000; ++i) {
    cache.put("token" + std::to_string(i), credential_of("bob", 10));
    ASSERT_NE(cache.find("favourite", 1), nullptr);
  }
  EXPECT_LE(cache.size(), 160u);
}

TEST(TokenCacheTest, PuttingATokenAgainReplacesIt) {
  TokenCache cache;
  cache.put("token", credential_of("ann", 10));
  cache.put("token", credential_of("ann", 20));
  EXPECT_NE(cache.find("token", 15), nullptr);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(RevocationSetTest, EachKindRefusesWhatItNames) {
  RevocationSet set;
  const CredentialFacts facts("jti", "family", "user:ann", 100);
  EXPECT_FALSE(set.refuses(facts));
  set.add({Revocation::Kind::kToken, "other", 0, 0, 1000});
  set.add({Revocation::Kind::kSubject, "user:ann", 99, 0, 1000});
  set.add({Revocation::Kind::kSubject, "user:bob", 500, 0, 1000});
  EXPECT_FALSE(set.refuses(facts));
  set.add({Revocation::Kind::kSubject, "user:ann", 100, 0, 1000});
  EXPECT_TRUE(set.refuses(facts));
  EXPECT_FALSE(set.refuses({"jti", "family", "user:ann", 101}));
  set.add({Revocation::Kind::kFamily, "family", 0, 0, 1000});
  EXPECT_TRUE(set.refuses({"jti", "family", "user:ann", 101}));
  set.add({Revocation::Kind::kToken, "jti", 0, 0, 1000});
  EXPECT_TRUE(set.refuses({"jti", "", "user:ann", 101}));
  EXPECT_FALSE(set.refuses({"", "", "user:cleo", 0}));
}

TEST(RevocationSetTest, WhatTheStoreKeepsIsLoadedAndForgottenOnceExpired) {
  FakeMetadataStore store;
  RevocationSet set;
  ASSERT_TRUE(store.revoke({Revocation::Kind::kToken, "j1", 0, 100, 1000}));
  ASSERT_TRUE(set.load(store, 100));
  EXPECT_TRUE(set.refuses({"j1", "", "", 0}));
  ASSERT_TRUE(store.revoke({Revocation::Kind::kToken, "j2", 0, 90, 2000}));  // by a process whose clock is behind
  ASSERT_TRUE(set.load(store, 150));
  EXPECT_TRUE(set.refuses({"j2", "", "", 0}));
  ASSERT_TRUE(set.load(store, 1000));
  EXPECT_FALSE(set.refuses({"j1", "", "", 0}));
  EXPECT_TRUE(set.refuses({"j2", "", "", 0}));
}

TEST(KnownUsersTest, AUserIsTrustedForAMinuteAndNotPastARevocation) {
  RevocationSet revocations;
  KnownUsers users(revocations);
  const UserId ann{"ann"};
  EXPECT_FALSE(users.contains(ann, 1000));
  users.add(ann, 1000);
  EXPECT_TRUE(users.contains(ann, 60'999));
  EXPECT_FALSE(users.contains(ann, 61'000));
  revocations.add({Revocation::Kind::kSubject, "user:ann", 1000, 0, 100'000});
  EXPECT_FALSE(users.contains(ann, 1000));
}

}  // namespace
}  // namespace c4a
