#include "base/json_merge.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

// The examples of RFC 7396, appendix A, with an object as the target.
TEST(JsonMergeTest, TheExamplesOfRfc7396Hold) {
  const struct {
    const char* target;
    const char* patch;
    const char* result;
  } examples[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& example : examples) {
    EXPECT_EQ(merge_patch(example.target, example.patch), example.result) << example.target << example.patch;
  }
}

}  // namespace
}  // namespace c4a
