#include "auth/password_hash.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(PasswordHashTest, ThePasswordIsRecognisedAndNoOther) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(verify_password(*hash, "correct horse"));
  EXPECT_FALSE(verify_password(*hash, "correct horsf"));
  EXPECT_FALSE(verify_password(*hash, ""));
  EXPECT_FALSE(needs_rehash(*hash));
  EXPECT_TRUE(needs_rehash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$aGFzaA"));
}

TEST(PasswordHashTest, OnePasswordHashesDifferentlyEachTime) {
  EXPECT_NE(*hash_password("same password"), *hash_password("same password"));
}

TEST(PasswordHashTest, WithoutAHashNothingIsTheRightPassword) {
  EXPECT_FALSE(verify_password(std::nullopt, "nobody has this password"));
  EXPECT_FALSE(verify_password("not a hash", "password"));
}

TEST(PasswordHashTest, EightTo1024CharactersAreAccepted) {
  const std::string clef = "\xf0\x9d\x84\x9e";  // one character of four bytes
  std::string longest;
  for (int i = 0; i < 1024; ++i) longest += clef;
  const auto hash = hash_password(longest);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password(*hash, longest));
  EXPECT_FALSE(verify_password(*hash, longest + "x"));
  EXPECT_FALSE(hash_password(longest + "x"));
  EXPECT_FALSE(hash_password(clef + clef));
  EXPECT_EQ(hash_password("1234567").error().fields.at(0).pointer, "/password");
  EXPECT_TRUE(hash_password("12345678"));
}

}  // namespace
}  // namespace c4a
