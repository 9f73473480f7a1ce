#include "message_store/cassandra/cassandra_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace c4a::cassandra {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 30s;  // of a change of the schema, which every node must follow
// A replica that is dead and not yet known to be holds up a read for this long: as long as nearly all take, and never
// more than that. Cassandra's own choice for a table that was not read yet is half of its read timeout.
constexpr const char* kSecondReplica = "speculative_retry = 'MIN(99PERCENTILE,50ms)'";

// `$` stands for the keyspace and its dot. Tables whose key begins with (conversation_id, bucket) share their
// partitions' places, so one batch over them is one mutation.
constexpr std::array kTables = {
    "$conversations (conversation_id uuid, bucket int, head blob, applied bigint, last_seq bigint, redo blob, "
    "PRIMARY KEY ((conversation_id, bucket)))",
    "$conversation_redo (conversation_id uuid, bucket int, position bigint, part int, bytes blob, "
    "PRIMARY KEY ((conversation_id, bucket), position, part))",
    "$members (conversation_id uuid, bucket int, user_id text, member blob, "
    "PRIMARY KEY ((conversation_id, bucket), user_id))",
    "$horizons (conversation_id uuid, bucket int, user_id text, progress blob, "
    "PRIMARY KEY ((conversation_id, bucket), user_id))",
    "$messages (conversation_id uuid, bucket int, seq bigint, message blob, "
    "PRIMARY KEY ((conversation_id, bucket), seq)) WITH CLUSTERING ORDER BY (seq DESC)",
    "$receipt_requests (conversation_id uuid, bucket int, seq bigint, PRIMARY KEY ((conversation_id, bucket), seq))",
    "$message_status_history (conversation_id uuid, bucket int, user_id text, kind int, up_to bigint, at bigint, "
    "PRIMARY KEY ((conversation_id, bucket), user_id, kind, up_to))",
    "$conversation_changes (conversation_id uuid, bucket int, version bigint, change blob, "
    "PRIMARY KEY ((conversation_id, bucket), version))",
    "$reactions (conversation_id uuid, bucket int, seq bigint, emoji text, user_id text, at bigint, "
    "PRIMARY KEY ((conversation_id, bucket), seq, emoji, user_id))",
    "$message_ids (shard bigint, message_id uuid, conversation_id uuid, seq bigint, "
    "PRIMARY KEY ((shard), message_id, conversation_id))",
    "$user_conversations (user_id text, conversation_id uuid, active boolean, PRIMARY KEY ((user_id), "
    "conversation_id))",
    "$private_pairs (first_user text, second_user text, generation bigint, PRIMARY KEY ((first_user, second_user)))",
    "$receipt_events (sender text, position bigint, number bigint, receipt blob, "
    "PRIMARY KEY ((sender), position, number))",
    "$devices (user_id text, device text, state blob, PRIMARY KEY ((user_id), device))",
    "$installation (id int, installation uuid, PRIMARY KEY (id))",
    "$logs (topic text, cluster text, PRIMARY KEY (topic))",
    "$installation_move (id int, source text, position bigint, finished boolean, PRIMARY KEY (id))",
    "$schema_version (id int, version int, bucket_rows bigint, PRIMARY KEY (id))",  // last: all the others are there
};

Result<> check_name(const std::string& keyspace) {
  const auto allowed = [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; };
  if (!keyspace.empty() && keyspace.size() <= 48 && std::ranges::all_of(keyspace, allowed)) return {};
  return fail(ErrorCode::kBadRequest,
              fmt::format("\"{}\" is no name for a keyspace: take 1 to 48 letters, digits and _.", keyspace));
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return text;
}

// The copies that a replication map promises, the lowest of its data centers; it is text such as
// {'class': 'org.…NetworkTopologyStrategy', 'datacenter1': '3'}.
int copies_of(std::string_view replication) {
  std::optional<int> lowest;
  for (std::size_t at = replication.find(':'); at != std::string_view::npos; at = replication.find(':', at + 1)) {
    const std::size_t begin = replication.find_first_not_of(" '", at + 1);
    int copies = 0;
    if (begin == std::string_view::npos) break;
    const auto read = std::from_chars(replication.data() + begin, replication.data() + replication.size(), copies);
    if (read.ec == std::errc()) lowest = std::min(lowest.value_or(copies), copies);
  }
  return lowest.value_or(0);
}

// A map<text, text> as the text that copies_of reads.
std::string text_of_map(std::string_view wire) {
  std::string text;
  const auto number = [&](std::size_t at) {
    return at + 4 > wire.size()
               ? std::size_t{0}
               : static_cast<std::size_t>(read_be64(std::string(4, '\0') + std::string(wire.substr(at, 4))));
  };
  std::size_t at = 4;
  for (std::size_t left = 2 * number(0); left > 0 && at + 4 <= wire.size(); --left) {
    const std::size_t length = number(at);
    text += std::string(wire.substr(at + 4, length)) + (left % 2 == 0 ? ": " : ", ");
    at += 4 + length;
  }
  return text;
}

struct Version {
  std::int64_t version = 0;
  std::int64_t bucket_rows = 0;
};

Result<std::optional<int>> copies(CqlSession& session) {
  const auto ask = fmt::format("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{}'",
                               lower(session.options().keyspace));
  C4A_TRY(auto rows, session.query(ask, kTimeout));
  if (rows.empty()) return std::nullopt;
  return copies_of(text_of_map(rows.bytes()));
}

// The columns of the one row of a table; nothing when the table or its row is not there.
Result<std::optional<RowSet>> only_row(CqlSession& session, std::string_view table, std::string_view columns) {
  const std::string keyspace = lower(session.options().keyspace);
  C4A_TRY(const auto tables,
          session.query(fmt::format("SELECT table_name FROM system_schema.tables WHERE keyspace_name = '{}' AND "
                                    "table_name = '{}'",
                                    keyspace, table),
                        kTimeout));
  if (tables.empty()) return std::nullopt;
  C4A_TRY(auto rows,
          session.query(fmt::format("SELECT {} FROM {}.{} WHERE id = 1", columns, keyspace, table), kTimeout));
  if (rows.empty()) return std::nullopt;
  return rows;
}

Result<std::optional<Version>> stored_version(CqlSession& session) {
  C4A_TRY(auto row, only_row(session, "schema_version", "version, bucket_rows"));
  if (!row) return std::nullopt;
  Version version;
  version.version = row->number();
  version.bucket_rows = row->number();
  return version;
}

Result<std::optional<Uuid>> stored_installation(CqlSession& session) {
  C4A_TRY(auto row, only_row(session, "installation", "installation"));
  if (!row) return std::nullopt;
  const auto id = row->bytes();
  if (id.size() != 16) return fail(ErrorCode::kCorrupt, "The keyspace's table installation is damaged.");
  return Uuid::from_view(id);
}

// Of many that make one at once, all end with the same.
Result<Uuid> make_installation(CqlSession& session) {
  C4A_TRY(const auto before, stored_installation(session));
  if (before) return *before;
  C4A_CHECK(session.query(fmt::format("INSERT INTO {}.installation (id, installation) VALUES (1, {}) IF NOT EXISTS",
                                      session.options().keyspace, Uuid::v7(system_clock().now_ms()).str()),
                          kTimeout));
  C4A_TRY(const auto made, stored_installation(session));
  if (!made) return fail(ErrorCode::kUnavailable, "Cassandra did not keep the installation's id; migrate again.");
  return *made;
}

std::unexpected<Error> newer(const CqlSession& session, std::int64_t version) {
  return fail(ErrorCode::kConflict,
              fmt::format("Keyspace {} has schema {}, this chat4all knows {}: start the newer chat4all that made it.",
                          session.options().keyspace, version, kSchemaVersion));
}

// Names of topics and ids of clusters have no quotes; what has some is none.
Result<> check_word(std::string_view word) {
  if (!word.empty() && word.find('\'') == std::string_view::npos) return {};
  return fail(ErrorCode::kBadRequest, fmt::format("\"{}\" is no name of a topic or a cluster.", word));
}

}  // namespace

Result<std::optional<std::string>> log_cluster(CqlSession& session, std::string_view topic) {
  C4A_CHECK(check_word(topic));
  C4A_TRY(auto rows, session.query(fmt::format("SELECT cluster FROM {}.logs WHERE topic = '{}'",
                                               session.options().keyspace, topic),
                                   kTimeout));
  if (rows.empty()) return std::nullopt;
  return std::string(rows.bytes());
}

Result<> remember_log(CqlSession& session, std::string_view topic, std::string_view cluster) {
  C4A_CHECK(check_word(topic));
  C4A_CHECK(check_word(cluster));
  C4A_CHECK(session.query(fmt::format("INSERT INTO {}.logs (topic, cluster) VALUES ('{}', '{}')",
                                      session.options().keyspace, topic, cluster),
                          kTimeout));
  return {};
}

Result<Schema> check_schema(CqlSession& session) {
  const CassandraOptions& options = session.options();
  C4A_CHECK(check_name(options.keyspace));
  C4A_TRY(const auto found, copies(session));
  if (!found) {
    return fail(ErrorCode::kNotFound,
                fmt::format("Keyspace {} does not exist: run `chat4all migrate` once.", options.keyspace));
  }
  if (*found < options.min_replication) {
    return fail(ErrorCode::kConflict,
                fmt::format("Keyspace {} keeps {} copies, {} are asked for: ALTER KEYSPACE and repair, or lower "
                            "cassandra.min_replication if losing data is acceptable.",
                            options.keyspace, *found, options.min_replication));
  }
  C4A_TRY(const auto stored, stored_version(session));
  if (!stored) {
    return fail(ErrorCode::kNotFound,
                fmt::format("Keyspace {} has no tables of Chat4All: run `chat4all migrate` once.", options.keyspace));
  }
  if (stored->version > kSchemaVersion) return newer(session, stored->version);
  if (stored->version < kSchemaVersion || stored->bucket_rows <= 0) {
    return fail(ErrorCode::kConflict, fmt::format("Keyspace {} has the older schema {}, {} is needed: run `chat4all "
                                                  "migrate`.",
                                                  options.keyspace, stored->version, kSchemaVersion));
  }
  C4A_TRY(const auto installation, stored_installation(session));
  if (!installation) {
    return fail(ErrorCode::kNotFound,
                fmt::format("Keyspace {} does not say whose it is: run `chat4all migrate` once.", options.keyspace));
  }
  return Schema{stored->bucket_rows, *installation};
}

Result<Uuid> create_schema(CqlSession& session) {
  const CassandraOptions& options = session.options();
  C4A_CHECK(check_name(options.keyspace));
  C4A_TRY(const auto stored, stored_version(session));
  if (stored && stored->version > kSchemaVersion) return newer(session, stored->version);
  // The short name `replication_factor` fits whatever the data centers are called.
  C4A_CHECK(session.query(fmt::format("CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{'class': "
                                      "'NetworkTopologyStrategy', 'replication_factor': {}}}",
                                      options.keyspace, options.replication),
                          kTimeout));
  for (const char* table : kTables) {
    std::string text = std::string("CREATE TABLE IF NOT EXISTS ") + table;
    text.replace(text.find('$'), 1, options.keyspace + ".");
    text += text.contains(" WITH ") ? " AND " : " WITH ";
    text += kSecondReplica;
    C4A_CHECK(session.query(text, kTimeout));
  }
  C4A_TRY(const Uuid installation, make_installation(session));
  if (stored && stored->version == kSchemaVersion) return installation;
  const std::int64_t bucket_rows = stored && stored->bucket_rows > 0 ? stored->bucket_rows : options.bucket_rows;
  C4A_CHECK(session.query(fmt::format("INSERT INTO {}.schema_version (id, version, bucket_rows) VALUES (1, {}, {})",
                                      options.keyspace, kSchemaVersion, bucket_rows),
                          kTimeout));
  return installation;
}

Result<std::optional<CassandraMove>> read_move(CqlSession& session) {
  C4A_TRY(auto row, only_row(session, "installation_move", "source, position, finished"));
  if (!row) return std::nullopt;
  CassandraMove move;
  move.source = row->bytes();
  move.position = {static_cast<std::uint64_t>(row->number())};
  move.finished = row->number() != 0;
  return move;
}

Result<> put_move(CqlSession& session, const CassandraMove& move) {
  C4A_CHECK(session.query(fmt::format("INSERT INTO {}.installation_move (id, source, position, finished) VALUES (1, "
                                      "'{}', {}, {})",
                                      session.options().keyspace, move.source, move.position.value, move.finished),
                          kTimeout));
  return {};
}

}  // namespace c4a::cassandra
