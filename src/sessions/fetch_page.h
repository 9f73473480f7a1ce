#pragma once

#include <memory>
#include <string>

#include "message_store/message_store.h"
#include "sessions/delivery_track.h"

namespace c4a {

// One answered fetch: frames joined by '\n', ready to be sent as one, and how far they reach.
struct FetchedPage {
  DeliveryTrack::Fetch fetch;
  std::shared_ptr<const std::string> frames;  // null: nothing to send
  Seq seq;                                    // kMessages
  Version version;                            // kChanges
  ReceiptsSeen receipts;                      // kReceipts
  bool more = false;                          // kReceipts: another page follows
  bool incomplete = false;                    // something up to `until` is not there yet: look again
};

// For what a head told of and is not there yet (MessageStore::heads_may_lead).
struct FetchPatience {
  int looks = 20;        // 50 ms apart
  bool give_up = false;  // what is not there after them is taken not to exist
};

inline constexpr std::size_t kDefaultPageBytes = 128 * 1024;  // below limits.frame_bytes

// Blocks; for worker threads. `seen`: the receipts that the device has. A page ends after the frame that takes it past
// `page_bytes`.
Result<FetchedPage> fetch_page(MessageStore& store, const UserId& user, const DeviceId& device,
                               const DeliveryTrack::Fetch& fetch, const ReceiptsSeen& seen, FetchPatience patience,
                               std::size_t page_bytes = kDefaultPageBytes);

}  // namespace c4a
