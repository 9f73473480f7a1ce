#pragma once

#include "base/result.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {

// Makes the topics that are missing; what is there stays as it is. Blocks up to 30 s.
Result<> create_kafka_topics(const KafkaOptions& options);

// Reads the topics' real settings and refuses what could lose a message: too few copies, a min.insync.replicas below
// 2, an unclean leader election, compaction, a retention below a day, another number of partitions than
// kafka.partitions. Each refusal is one sentence that says what to
// do. Blocks up to 10 s.
Result<> check_kafka_topics(const KafkaOptions& options);

// How many partitions the commands' topic has.
Result<int> kafka_partition_count(const KafkaOptions& options);

}  // namespace c4a
