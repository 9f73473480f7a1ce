#pragma once

// Takes single values out of the compact JSON that a server writes, without parsing it: the generator shares two cores
// with the server it measures, so it looks only at what it checks.

#include <cstdint>
#include <optional>
#include <string_view>

namespace c4a::bench {

enum class FrameKind : std::uint8_t { kMessage, kSent, kStatus, kError, kReady, kGap, kOther };

// The frame's kind by its top-level "type", wherever that stands. A change ("message.updated" …) is kOther.
FrameKind frame_kind(std::string_view frame);

// Finds the value of one key. Remembers where the key stood last time and looks there first: frames of one kind from
// one server share their layout. The key must not occur inside the texts of the frame (the generator writes those).
class KeyFinder {
 public:
  // `key` with quotes and colon, as compact JSON has it: R"("seq":)". Kept as a view.
  explicit KeyFinder(std::string_view key) : key_(key) {}

  // What follows the key, up to the end of the frame; empty where the key is absent.
  std::string_view after(std::string_view frame);
  std::optional<std::uint64_t> number(std::string_view frame);
  // A text up to its closing quote, escapes as they are.
  std::optional<std::string_view> text(std::string_view frame);

 private:
  std::string_view key_;
  std::size_t hint_ = 0;
};

// The decimal number at the front of `text`; nothing where there is no digit.
std::optional<std::uint64_t> leading_number(std::string_view text);

// Takes the first object off an array's text: past it `rest` goes on; empty where there is none.
std::string_view take_object(std::string_view& rest);

// Calls `each(item)` for every object of the member "items" of a page.
template <class Each>
void for_each_item(std::string_view page, Each&& each) {
  constexpr std::string_view kItems = R"("items":[)";
  const auto at = page.find(kItems);
  if (at == std::string_view::npos) return;
  page.remove_prefix(at + kItems.size());
  while (true) {
    const auto item = take_object(page);
    if (item.empty()) return;
    each(item);
  }
}

// Calls `each(frame)` for every frame of a WebSocket text message; frames are separated by '\n'.
template <class Each>
void for_each_frame(std::string_view message, Each&& each) {
  while (!message.empty()) {
    const auto end = message.find('\n');
    const auto frame = message.substr(0, end);
    if (!frame.empty()) each(frame);
    if (end == std::string_view::npos) return;
    message.remove_prefix(end + 1);
  }
}

}  // namespace c4a::bench
