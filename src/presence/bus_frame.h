#pragma once

// How live events and decisions travel between processes: docs/formats/bus.md. The first byte is the version.

#include <string>
#include <string_view>

#include "base/result.h"
#include "presence/router_bus.h"

namespace c4a {

// Who sent a frame, and which one it is of those from this sender to this gateway: 1, 2, 3…
struct BusFrameHead {
  static constexpr std::uint64_t kLeaves = 0;  // instead of a counter: the sender ends, and decides nothing more

  std::uint64_t router = 0;
  std::uint64_t counter = 0;
};

// An item for a frame; items are appended to each other.
void append_live(std::string& items, const LiveEvent& event);
void append_decision(std::string& items, std::uint64_t request, const Result<Decision>& decision);

std::string bus_frame(const BusFrameHead& head, std::string_view items);

// Calls `inbox` for each item, in order, after `on_head`. Fails with: kCorrupt; items before the damage were told.
Result<> read_bus_frame(std::string_view bytes, const std::function<void(const BusFrameHead&)>& on_head,
                        GatewayInbox& inbox);

}  // namespace c4a
