#include "app/move_installation.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/data_directory.h"
#include "app/distributed_options.h"
#include "app/messaging.h"
#include "base/clock.h"
#include "message_store/rocks_message_store.h"
#include "metadata_store/sqlite_metadata_store.h"
#include "migration/compare.h"

namespace c4a {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

template <class... Arguments>
void say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  fmt::print(text, std::forward<Arguments>(arguments)...);
  fmt::print("\n");
  std::fflush(stdout);
}

// The embedded installation, held as its server would.
struct Source {
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<SqliteMetadataStore> metadata;
  std::unique_ptr<RocksMessageStore> messages;

  static Result<Source> open(const fs::path& path) {
    if (!fs::exists(DataDirectory::messages_in(path)) || !fs::exists(DataDirectory::metadata_in(path))) {
      return fail(ErrorCode::kValidationFailed,
                  fmt::format("{} is no data directory of Chat4All: give the one of the embedded installation.",
                              path.string()));
    }
    Source source;
    C4A_TRY(source.directory, DataDirectory::hold(path));
    C4A_TRY(source.metadata, SqliteMetadataStore::open(DataDirectory::metadata_in(path).string()));
    C4A_CHECK(source.metadata->migrate());
    // Nobody is left to finish them.
    C4A_CHECK(source.metadata->abandon_interrupted_idempotent(system_clock().now_ms()));
    RocksMessageStoreOptions options;
    options.path = DataDirectory::messages_in(path).string();
    C4A_TRY(source.messages, RocksMessageStore::open(std::move(options)));
    return source;
  }
};

Result<> check_right_engines(const Config& config, const fs::path& directory) {
  if (!is_distributed(config)) {
    return fail(
        ErrorCode::kValidationFailed,
        "--from-data moves an embedded installation to the servers of the distributed profile: set log.engine = "
        "kafka, and what belongs to it, to where it shall go.");
  }
  std::error_code ignored;
  if (config.metadata.engine == MetadataEngine::kSqlite &&
      !fs::equivalent(DataDirectory::metadata_in(config.server.data), DataDirectory::metadata_in(directory), ignored)) {
    return fail(ErrorCode::kValidationFailed,
                "With metadata.engine = sqlite the metadata stays where it is: give the same directory as server.data, "
                "or set metadata.engine = postgres.");
  }
  return {};
}

Error occupied(const std::string& what) {
  return {ErrorCode::kConflict,
          fmt::format("{}: an installation is moved into empty ones only, or goes on with the move that began there.",
                      what)};
}

Result<> check_empty(MetadataSource& metadata) {
  for (const auto table : {MetadataTable::kUsers, MetadataTable::kApiKeys, MetadataTable::kSigningKeys}) {
    C4A_CHECK(metadata.read_table(table, [](MetadataRow&&) -> Result<> {
      return fail(occupied("The database of postgres.connection has users or keys already"));
    }));
  }
  return {};
}

Result<> check_empty(BulkMessageStore& messages, const std::string& keyspace) {
  return messages.all_conversations([&](const ConversationId&) -> Result<> {
    return fail(occupied(fmt::format("The keyspace {} has conversations already", keyspace)));
  });
}

class Move {
 public:
  Move(const Config& config, Source source)
      : cassandra_(moving(config)),
        retention_ms_(config.messages.retention_days * kDayMs),
        source_(std::move(source)),
        note_{source_.messages->identity(), {}, false} {}

  Result<> run(const Config& config) {
    C4A_TRY(note_.position, source_.messages->committed_position());
    C4A_CHECK(open_target(config));
    C4A_TRY(const bool finished, begin());
    if (finished) return {};
    C4A_CHECK(copy());
    C4A_CHECK(compare());
    note_.finished = true;
    C4A_CHECK(put_cassandra_move(cassandra_, note_));
    say("The installation is moved: start the servers on the distributed profile, and keep the directory as a backup.");
    return {};
  }

 private:
  static CassandraOptions moving(const Config& config) {
    CassandraOptions options = cassandra_options(config);
    options.half_moved = true;
    return options;
  }

  Result<> open_target(const Config& config) {
    if (config.metadata.engine == MetadataEngine::kPostgres) {
      C4A_TRY(metadata_, PostgresMetadataStore::open(postgres_options(config)));
      C4A_CHECK(metadata_->migrate());
    }
    C4A_CHECK(prepare_distributed(config));
    C4A_TRY(messages_, open_cassandra_message_store(cassandra_));
    return {};
  }

  // Whether there is nothing left to do.
  Result<bool> begin() {
    C4A_TRY(const auto noted, read_cassandra_move(cassandra_));
    if (!noted) {
      C4A_CHECK(check_empty(*messages_, cassandra_.keyspace));
      if (metadata_) C4A_CHECK(check_empty(*metadata_));
      C4A_CHECK(put_cassandra_move(cassandra_, note_));
      return false;
    }
    if (noted->source != note_.source) {
      return fail(occupied(fmt::format("Another installation was moved into the keyspace {}", cassandra_.keyspace)));
    }
    if (noted->finished) {
      say("The installation was moved into the keyspace {} before; nothing is changed.", cassandra_.keyspace);
      return true;
    }
    if (noted->position != note_.position) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("The embedded installation has been used since its move into the keyspace {} began: begin "
                      "again with an empty keyspace and an empty database.",
                      cassandra_.keyspace));
    }
    say("The move goes on.");
    return false;
  }

  Result<> copy() {
    if (metadata_) {
      C4A_CHECK(copy_metadata(*source_.metadata, *metadata_));
      say("The users, keys and tokens are copied.");
    }
    C4A_TRY(users_, all_users(*source_.metadata));
    const auto tell = [](const MoveProgress& so_far) {
      say("Copied so far: {} conversations, {} messages, the devices and receipts of {} users.", so_far.conversations,
          so_far.messages, so_far.users);
    };
    C4A_CHECK(copy_messages({*source_.messages, *messages_, users_, note_.position, keep_from(0), tell}));
    say("The conversations are copied.");
    return {};
  }

  Result<> compare() {
    Comparison comparison;
    if (metadata_) C4A_CHECK(compare_metadata(*source_.metadata, *metadata_, comparison));
    const auto tell = [](const MoveProgress& so_far) {
      say("Compared so far: {} conversations, {} messages, {} users.", so_far.conversations, so_far.messages,
          so_far.users);
    };
    // What expires within a day may go on one side before the other.
    C4A_CHECK(compare_messages(*source_.messages, *messages_, users_, keep_from(kDayMs), tell, comparison));
    const ConversationPrint& all = comparison.conversations;
    say("Compared: {} users, {} conversations, {} memberships and positions, {} messages, {} changes, {} statuses, {} "
        "reactions, {} receipts, devices and list entries.",
        users_.size(), all.heads.rows, all.members.rows, all.messages.rows, all.changes.rows, all.moves.rows,
        all.reactions.rows, comparison.users.rows);
    for (const std::string& sentence : comparison.differences) say("{}", sentence);
    if (!comparison.same()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("The check found {} differences, so the move has not finished.", comparison.different));
    }
    say("Both sides hold the same.");
    return {};
  }

  TimestampMs keep_from(std::int64_t margin_ms) const {
    return retention_ms_ == 0 ? 0 : system_clock().now_ms() - retention_ms_ + margin_ms;
  }

  const CassandraOptions cassandra_;
  const std::int64_t retention_ms_;
  Source source_;
  CassandraMove note_;
  std::unique_ptr<PostgresMetadataStore> metadata_;  // nothing where the metadata stays
  std::unique_ptr<BulkMessageStore> messages_;
  std::vector<UserId> users_;
};

}  // namespace

Result<> move_installation(const Config& config, const fs::path& directory) {
  C4A_CHECK(check_right_engines(config, directory));
  C4A_TRY(auto source, Source::open(directory));
  return Move(config, std::move(source)).run(config);
}

}  // namespace c4a
