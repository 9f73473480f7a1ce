#include "auth/own_signatures.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(OwnSignatures, WhatWasMadeHereIsKnown) {
  OwnSignatures own;
  EXPECT_FALSE(own.contains("text", "signature"));
  own.add("text", "signature");
  EXPECT_TRUE(own.contains("text", "signature"));
}

TEST(OwnSignatures, NeitherTheTextNorTheSignatureNorTheBorderBetweenThemMayDiffer) {
  OwnSignatures own;
  own.add("text", "signature");
  EXPECT_FALSE(own.contains("text!", "signature"));
  EXPECT_FALSE(own.contains("text", "signaturf"));
  EXPECT_FALSE(own.contains("etext", "signatur"));
  EXPECT_FALSE(own.contains("ext", "signaturet"));
}

TEST(OwnSignatures, AFailedSignatureIsNotOneOfOurs) {
  OwnSignatures own;
  own.add("text", "");
  EXPECT_FALSE(own.contains("text", ""));
}

TEST(OwnSignatures, TheLatestAreKnownHoweverManyThereWere) {
  OwnSignatures own;
  for (int i = 0; i < 200'000; ++i) own.add(std::to_string(i), "signature");
  EXPECT_TRUE(own.contains("199999", "signature"));
}

}  // namespace
}  // namespace c4a
