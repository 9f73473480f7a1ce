#pragma once

// CassandraMessageStore, opened: the MessageStore for several machines. Everything else of this folder is private to
// it.
//
// In a build without the option C4A_CASSANDRA they fail with kNotImplemented.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/uuid.h"
#include "message_store/bulk_message_store.h"

namespace c4a {

struct CassandraCounters {
  std::atomic<std::uint64_t> reads{0};           // requests, repeats not counted
  std::atomic<std::uint64_t> writes{0};          // mutations, likewise
  std::atomic<std::uint64_t> write_requests{0};  // in which they went, repeats included
  std::atomic<std::uint64_t> rows{0};            // written
  std::atomic<std::uint64_t> retries{0};         // of either
  std::atomic<std::uint64_t> failures{0};        // attempts that failed
  std::atomic<std::uint64_t> in_flight{0};
};

struct CassandraOptions {
  std::string hosts;                     // host:port, comma-separated: some of the cluster, the driver finds the others
  std::string keyspace = "chat4all_ks";  // letters, digits, _
  std::string user;                      // empty: without a login
  std::string password;
  bool tls = false;                   // then a node's certificate must name the address by which it is reached
  std::string ca_file;                // PEM: who signed the nodes' certificates; empty: the system's authorities
  int replication = 3;                // of a keyspace that create_cassandra_schema makes
  int min_replication = 3;            // a keyspace with less is refused at open
  std::int64_t bucket_rows = 16'384;  // of a new schema; an existing one remembers its own
  int retention_days = 0;             // 0: for ever
  int request_timeout_ms = 3'000;     // above the server's write timeout (2 s)
  int commit_deadline_ms = 10'000;    // a write that nobody has acknowledged for so long fails the commit
  std::size_t max_in_flight = 64;     // reads; writes share few requests
  bool half_moved = false;            // also open a keyspace into which an installation is being moved
  std::shared_ptr<CassandraCounters> counters;  // for metrics; may be empty
};

// Connects and checks the keyspace; changes nothing. Blocks for some round trips. The store commits for any number of
// threads at once, and `committed_position` is that of this process: where to go on after a start is the log's matter.
// A conversation's rows come with its head row and its position (`Conversation::applied`) in the same commit.
// Fails with: kUnavailable when no host answers, kNotFound when there is no keyspace or no schema, kConflict when the
// schema is of another version, the replication too low, or a move into the keyspace has not finished. Each says what
// to do.
Result<std::unique_ptr<BulkMessageStore>> open_cassandra_message_store(const CassandraOptions& options);

// Of a store that was opened so: the id of the installation to which the keyspace belongs.
Uuid cassandra_installation(const MessageStore& opened);

// Of the same: what it has counted.
const CassandraCounters& cassandra_counters(const MessageStore& opened);

// Of the same: the id of the log's cluster on which the topic lay when it was made; nothing for a topic that was not.
Result<std::optional<std::string>> cassandra_log_cluster(const MessageStore& opened, const std::string& topic);

// Makes the keyspace and the tables that are missing, with an id for the installation; what is there stays. Answers the
// id. For `chat4all migrate` and tests.
// Fails with: kUnavailable, kConflict when a newer version of Chat4All made the schema.
Result<Uuid> create_cassandra_schema(const CassandraOptions& options);

// What `cassandra_log_cluster` answers from then on.
Result<> remember_cassandra_log(const MessageStore& opened, const std::string& topic, const std::string& cluster);

// Which installation was moved into the keyspace, or is being moved.
struct CassandraMove {
  std::string source;  // printable, without quotes
  LogPosition position;
  bool finished = false;
};
// Nothing where none was. Both fail with kUnavailable, and want a schema.
Result<std::optional<CassandraMove>> read_cassandra_move(const CassandraOptions& options);
Result<> put_cassandra_move(const CassandraOptions& options, const CassandraMove& move);

}  // namespace c4a
