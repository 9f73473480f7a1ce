#pragma once

// What the servers' clients are told, out of the configuration.

#include "app/config.h"
#include "base/uuid.h"
#include "message_log/kafka/kafka_options.h"
#include "message_store/cassandra/open.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "presence/redis/redis_options.h"

namespace c4a {

// `installation`: to whom the keyspace belongs.
KafkaOptions kafka_options(const Config& config, const Uuid& installation);
CassandraOptions cassandra_options(const Config& config);
PostgresMetadataStoreOptions postgres_options(const Config& config);
RedisOptions redis_options(const Config& config);

}  // namespace c4a
