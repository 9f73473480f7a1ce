#include "bench/frame_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bench/message_text.h"

namespace c4a::bench {
namespace {

TEST(FrameScanTest, TheKindIsFoundWhereTypeComesFirst) {
  EXPECT_EQ(frame_kind(R"({"type":"message","message":{}})"), FrameKind::kMessage);
  EXPECT_EQ(frame_kind(R"({"type":"sent","ref":"1"})"), FrameKind::kSent);
  EXPECT_EQ(frame_kind(R"({"type":"status"})"), FrameKind::kStatus);
  EXPECT_EQ(frame_kind(R"({"type":"error"})"), FrameKind::kError);
  EXPECT_EQ(frame_kind(R"({"type":"ready"})"), FrameKind::kReady);
  EXPECT_EQ(frame_kind(R"({"type":"gap"})"), FrameKind::kGap);
}

TEST(FrameScanTest, AChangeIsNotAMessage) {
  EXPECT_EQ(frame_kind(R"({"type":"message.updated","message":{}})"), FrameKind::kOther);
}

TEST(FrameScanTest, TheKindIsTheTopLevelTypeWhereverItStands) {
  EXPECT_EQ(frame_kind(R"({"message":{"payload":{"type":"text","text":"a \"type\":\"sent\" {"}},"type":"message"})"),
            FrameKind::kMessage);
  EXPECT_EQ(frame_kind(R"({"note":"type","type":"sent"})"), FrameKind::kSent);
}

TEST(FrameScanTest, BrokenFramesAreOther) {
  for (const auto* frame : {"", "{", "{\"type", "{\"type\":", "{\"type\":\"mess", "[]", "\"type\"", "{\"a\\"}) {
    EXPECT_EQ(frame_kind(frame), FrameKind::kOther) << frame;
  }
}

TEST(FrameScanTest, AValueIsFoundAgainWhereTheLayoutMoved) {
  KeyFinder seq(R"("seq":)");
  EXPECT_EQ(seq.number(R"({"a":1,"seq":42,"b":2})"), 42U);
  EXPECT_EQ(seq.number(R"({"a":1,"seq":43})"), 43U);
  EXPECT_EQ(seq.number(R"({"longer":"text","seq":44})"), 44U);
  EXPECT_EQ(seq.number(R"({"seq":45})"), 45U);
  EXPECT_EQ(seq.number(R"({"other":45})"), std::nullopt);
}

TEST(FrameScanTest, ATextEndsAtItsClosingQuote) {
  KeyFinder ref(R"("ref":)");
  EXPECT_EQ(ref.text(R"({"ref":"abc","x":1})"), "abc");
  EXPECT_EQ(ref.text(R"({"ref":"a\"b"})"), R"(a\"b)");
  EXPECT_EQ(ref.text(R"({"ref":7})"), std::nullopt);
  EXPECT_EQ(ref.text(R"({"ref":"abc)"), std::nullopt);
}

TEST(FrameScanTest, NumbersStopAtTheFirstOtherCharacter) {
  EXPECT_EQ(leading_number("123,"), 123U);
  EXPECT_EQ(leading_number("0000000012"), 12U);
  EXPECT_EQ(leading_number(""), std::nullopt);
  EXPECT_EQ(leading_number("-1"), std::nullopt);
}

TEST(FrameScanTest, FramesAreSeparatedByNewlines) {
  std::vector<std::string> frames;
  for_each_frame("a\nbb\n\nc\n", [&](std::string_view frame) { frames.emplace_back(frame); });
  EXPECT_EQ(frames, (std::vector<std::string>{"a", "bb", "c"}));
}

TEST(FrameScanTest, ThePagesItemsAreTakenWholeWhateverIsInThem) {
  std::vector<std::string> items;
  const auto keep = [&](std::string_view item) { items.emplace_back(item); };
  for_each_item(R"({"items":[{"a":{"b":"}]"}},{"c":"\"{"}],"next_cursor":null})", keep);
  EXPECT_EQ(items, (std::vector<std::string>{R"({"a":{"b":"}]"}})", R"({"c":"\"{"})"}));
  items.clear();
  for_each_item(R"({"items":[],"next_cursor":null})", keep);
  for_each_item(R"({"items":[{"cut)", keep);
  for_each_item(R"({"problem":1})", keep);
  EXPECT_TRUE(items.empty());
}

TEST(MessageWriterTest, AMessageIsRepeatedToTheLastByteAndKnownByItsText) {
  MessageWriter writer(300, false);
  const auto id = Uuid::v7(1);
  std::string first;
  std::string again;
  writer.append_frame(first, 7, "c", id);
  writer.append_frame(again, 7, "c", id);
  EXPECT_EQ(first, again);
  const auto text = std::string(KeyFinder(R"("text":)").text(first).value_or(""));
  EXPECT_TRUE(writer.is_text_of(text, 7));
  EXPECT_FALSE(writer.is_text_of(text, 8));
  EXPECT_FALSE(writer.is_text_of(text + ".", 7));
}

}  // namespace
}  // namespace c4a::bench
