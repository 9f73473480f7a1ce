#pragma once

// Whoever routes the partitions that the log gives to this process.

#include <memory>

#include "domain/decision_sender.h"
#include "message_log/log_partition.h"

namespace c4a {

// A partition of a log that several processes share.
class SharedLogPartition : public LogPartition {
 public:
  virtual int number() const = 0;
  // Before the first batch: how answers find their gateways. Outlives the partition's last batch.
  virtual void answer_through(DecisionSender& sender) = 0;
};

// Called on the log's own thread, which waits for it.
class PartitionOwner {
 public:
  virtual ~PartitionOwner() = default;
  virtual void assigned(std::shared_ptr<SharedLogPartition> partition) = 0;
  // The partition's `given_up` is true by now. When this returns nothing works on the partition any more.
  virtual void revoked(int number) = 0;
};

}  // namespace c4a
