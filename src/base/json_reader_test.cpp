#include "base/json_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json_writer.h"

namespace c4a {
namespace {

ErrorCode refusal(std::string_view text) {
  const auto parsed = parse_json(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? ErrorCode::kInternal : parsed.error().code;
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(JsonReaderTest, SixtyFourLevelsAreReadAndSixtyFiveAreNot) {
  EXPECT_TRUE(parse_json(nested(64)));
  EXPECT_EQ(refusal(nested(65)), ErrorCode::kTooDeep);
  EXPECT_EQ(refusal(nested(10'000)), ErrorCode::kTooDeep);
}

TEST(JsonReaderTest, ADuplicateKeyIsRefusedAtAnyLevel) {
  EXPECT_EQ(refusal(R"({"a":1,"a":2})"), ErrorCode::kDuplicateKey);
  EXPECT_EQ(refusal(R"({"x":[{"a":1,"b":2,"a":3}]})"), ErrorCode::kDuplicateKey);
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"), ErrorCode::kDuplicateKey);
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(many + "\"last\":0}"));
  EXPECT_EQ(refusal(many + "\"k39\":0}"), ErrorCode::kDuplicateKey);
}

TEST(JsonReaderTest, LoneSurrogatesAndNulBreakARule) {
  EXPECT_EQ(refusal(R"({"text":"\ud800"})"), ErrorCode::kValidationFailed);
  EXPECT_EQ(refusal(R"({"text":"\udc00x"})"), ErrorCode::kValidationFailed);
  EXPECT_EQ(refusal(R"({"text":"a\u0000b"})"), ErrorCode::kValidationFailed);
  EXPECT_TRUE(parse_json(R"({"text":"\ud83d\ude00"})"));
}

TEST(JsonReaderTest, NumbersPastSixtyFourBitsBreakARule) {
  EXPECT_EQ(refusal("123456789012345678901234567890"), ErrorCode::kValidationFailed);
  EXPECT_EQ(refusal("[1e999]"), ErrorCode::kValidationFailed);
  const auto where = parse_json(R"({"a":[1,{"b":7}],"up_to":[0,{"seq":18446744073709551616}]})");
  ASSERT_FALSE(where);
  EXPECT_EQ(where.error().fields.at(0).pointer, "/up_to/1/seq");
  EXPECT_EQ(refusal("[01]"), ErrorCode::kMalformedJson);
  EXPECT_EQ(refusal("[-]"), ErrorCode::kMalformedJson);
}

TEST(JsonReaderTest, BrokenSyntaxIsMalformed) {
  for (const char* text :
       {"", " ", "{", "[1,]", "{\"a\"}", "nul", "\"\\x\"", "[1]x", "{'a':1}", "\"\x01\"", "[\xff]"}) {
    EXPECT_EQ(refusal(text), ErrorCode::kMalformedJson) << text;
  }
  EXPECT_EQ(refusal("\"\xc3\x28\""), ErrorCode::kMalformedJson);
}

TEST(JsonReaderTest, CanonicalFormIgnoresOrderSpaceAndSpellingOfNumbers) {
  std::string first;
  append_canonical_json(first, *parse_json(R"({"b":[1, 2.0],"a":{"y":"\u00e9","x":null}})"));
  std::string second;
  append_canonical_json(second, *parse_json("{\"a\":{\"x\":null,\"y\":\"\xc3\xa9\"},\"b\":[1.0,2]}"));
  EXPECT_EQ(first, second);
}

TEST(JsonWriterTest, EveryByteAtEveryPlaceComesBack) {
  for (int byte = 1; byte < 128; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      text += "\xc3\xa9";
      std::string json;
      append_json_string(json, text);
      const auto parsed = parse_json(json);
      ASSERT_TRUE(parsed) << byte;
      EXPECT_EQ(std::string_view(*parsed), text) << byte << " at " << place;
    }
  }
}

TEST(JsonFieldsTest, EveryComplaintIsCollected) {
  JsonFields fields(*parse_json_object(R"({"name":7,"id":"x","flag":"no","text":""})"), "/payload");
  fields.text("name", JsonFields::kRequired, 1, 5);
  fields.uuid("id", JsonFields::kRequired);
  fields.boolean("flag");
  fields.text("text", JsonFields::kRequired, 1, 5);
  fields.text("missing", JsonFields::kRequired, 1, 5);
  ASSERT_EQ(fields.errors().size(), 5u);
  EXPECT_EQ(fields.errors()[0].pointer, "/payload/name");
  EXPECT_EQ(fields.errors()[4], (FieldError{"/payload/missing", "is required"}));
}

TEST(JsonFieldsTest, LengthsCountCodePoints) {
  JsonFields fields(*parse_json_object("{\"t\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}"));
  EXPECT_TRUE(fields.text("t", JsonFields::kRequired, 1, 2));
}

}  // namespace
}  // namespace c4a
