#pragma once

#include "base/result.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {

// Makes the topics that are missing; what is there stays as it is. Refuses those of another installation. Blocks up to
// 30 s.
Result<> create_kafka_topics(const KafkaOptions& options);

// Reads the topics' real settings and refuses what could lose a message: topics of another installation, too few
// copies, a min.insync.replicas below 2, an unclean leader election, compaction, a retention below a day, another
// number of partitions than kafka.partitions; later generations (kafka_generations.h) too. Each refusal is one sentence
// that says what to do. Blocks up to 10 s.
Result<> check_kafka_topics(const KafkaOptions& options);

// Refuses a consumer group that has also read topics of another prefix: then another installation uses it. Passes where
// the brokers cannot say. Blocks up to 5 s.
Result<> check_kafka_group(const KafkaOptions& options);

// How many partitions the commands' topic has; 0 where it is not there, which takes 5 s to say.
Result<int> kafka_partition_count(const KafkaOptions& options);

// What a cluster calls itself, wherever its brokers move. Blocks up to 5 s. Fails with: kUnavailable.
Result<std::string> kafka_cluster_id(const KafkaOptions& options);

}  // namespace c4a
