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

inline constexpr std::size_t kDefaultPageBytes = 128 * 1024;  // below limits.frame_bytes

// Blocks; for worker threads. `seen`: the receipts that the device has. A page ends after the frame that takes it past
// `page_bytes`. What a head told of and is not there yet (MessageStore::heads_may_lead) is waited for, up to a second;
// with `give_up` what is not there is taken not to exist.
Result<FetchedPage> fetch_page(MessageStore& store, const UserId& user, const DeviceId& device,
                               const DeliveryTrack::Fetch& fetch, const ReceiptsSeen& seen, bool give_up,
                               std::size_t page_bytes = kDefaultPageBytes);

}  // namespace c4a
