#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "domain/ids.h"

namespace c4a {

// Where a durable receipt lies among those of its sender: its command, and which one of that it is.
struct ReceiptPlace {
  LogPosition position;
  std::uint32_t index = 0;

  auto operator<=>(const ReceiptPlace&) const = default;
};

// The receipts that a device has been sent: in each lane of the log all up to a place.
class ReceiptsSeen {
 public:
  ReceiptsSeen() = default;
  ReceiptsSeen(std::initializer_list<ReceiptPlace> places) {
    for (const auto& place : places) add(place);
  }

  bool has(const ReceiptPlace& place) const;
  // With all before it in its lane. One that it has already changes nothing.
  void add(const ReceiptPlace& place);
  // The last of each lane, rising.
  const std::vector<ReceiptPlace>& places() const { return places_; }

 private:
  std::vector<ReceiptPlace> places_;
};

}  // namespace c4a
