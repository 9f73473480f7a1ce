#include "domain/receipts_seen.h"

#include <algorithm>

namespace c4a {
namespace {

std::uint64_t lane(const ReceiptPlace& place) { return lane_of(place.position); }

}  // namespace

bool ReceiptsSeen::has(const ReceiptPlace& place) const {
  const auto found = std::ranges::lower_bound(places_, lane(place), {}, lane);
  return found != places_.end() && lane(*found) == lane(place) && place <= *found;
}

void ReceiptsSeen::add(const ReceiptPlace& place) {
  const auto found = std::ranges::lower_bound(places_, lane(place), {}, lane);
  if (found == places_.end() || lane(*found) != lane(place))
    places_.insert(found, place);
  else
    *found = std::max(*found, place);
}

}  // namespace c4a
