#include "app/admin_commands.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "app/config_load.h"
#include "app/engine.h"
#include "app/move_installation.h"
#include "auth/api_key.h"
#include "auth/password_hash.h"
#include "base/json_reader.h"
#include "operations/audit_trail.h"

namespace c4a {
namespace {

constexpr std::string_view kActor = "operator";

int report(const Result<>& result) {
  if (result) return 0;
  fmt::print(stderr, "chat4all: {}\n", result.error().detail);
  return 1;
}

Result<> run_create_key(const Config& config, const std::string& name, const std::vector<std::string>& scope_names) {
  C4A_TRY(const auto scopes, ScopeSet::parse(scope_names));
  C4A_TRY(const auto store, open_metadata(config));
  const auto made = new_api_key(name, scopes, system_clock().now_ms());
  C4A_CHECK(store->create_key(made.record));
  AuditTrail(*store, system_clock()).record(kActor, "key.created", "key", made.record.key_id.str());
  fmt::print("client_id: {}\nkey: {}\n", made.record.client_id, made.key);
  return {};
}

Result<> run_add_user(const Config& config, const std::string& id, const std::optional<std::string>& display_name,
                      bool password_from_stdin) {
  const auto user_id = UserId::parse(id);
  if (!user_id) return fail(ErrorCode::kValidationFailed, fmt::format("The user id {}.", kUserIdRule));
  UserRecord user;
  user.user_id = *user_id;
  user.display_name = display_name;
  user.created_at = system_clock().now_ms();
  if (password_from_stdin) {
    std::string password;
    std::getline(std::cin, password);
    if (password.size() < 8 || password.size() > 1024 || !simdjson::validate_utf8(password)) {
      return fail(ErrorCode::kValidationFailed, "The password on stdin must have 8 to 1024 characters of UTF-8.");
    }
    C4A_TRY(user.password_hash, hash_password(password));
  }
  C4A_TRY(const auto store, open_metadata(config));
  auto created = store->create_user(user);
  if (!created && created.error().code == ErrorCode::kUserExists) {
    return fail(ErrorCode::kUserExists, fmt::format("The user {} exists already, or did; choose another id.", id));
  }
  C4A_CHECK(created);
  AuditTrail(*store, system_clock()).record(kActor, "user.created", "user", id);
  fmt::print("user_id: {}\n", id);
  return {};
}

Result<> run_issue_token(const Config& config, const std::string& id) {
  const auto user_id = UserId::parse(id);
  if (!user_id) return fail(ErrorCode::kUserNotFound, fmt::format("There is no user {}.", id));
  C4A_TRY(const auto store, open_metadata(config));
  C4A_TRY(const auto credentials, Credentials::make(*store, config));
  auto grant = credentials->tokens->mint_for_user(*user_id);
  if (!grant && grant.error().code == ErrorCode::kUserNotFound) {
    return fail(ErrorCode::kUserNotFound,
                fmt::format("There is no user {}; create one with: chat4all user add {}", id, id));
  }
  if (!grant) return std::unexpected(grant.error());
  AuditTrail(*store, system_clock()).record(kActor, "token.minted", "user", id);
  fmt::print("{}\n", grant->access_token);
  return {};
}

Result<> run_repartition(const Config& config, int partitions) {
  if (!is_distributed(config)) {
    return fail(ErrorCode::kValidationFailed, "--partitions is for a log on Kafka: set log.engine = kafka.");
  }
  C4A_TRY(const auto generation, repartition_distributed(config, partitions, [](const std::string& sentence) {
            fmt::print("{}\n", sentence);
            std::fflush(stdout);
          }));
  fmt::print(
      "The commands have {} partitions. Before the next start of each process set kafka.generation = {} and "
      "kafka.partitions = {}.\n",
      partitions, generation, partitions);
  return {};
}

Result<> run_migrate(const Config& config, const std::optional<std::string>& from_data, std::optional<int> partitions) {
  C4A_CHECK(check_engines(config));
  if (partitions) return run_repartition(config, *partitions);
  if (from_data) return move_installation(config, *from_data);
  if (is_distributed(config)) {
    C4A_CHECK(open_metadata(config));
    C4A_CHECK(prepare_distributed(config));
    fmt::print("The topics, the keyspace and the database are up to date.\n");
    return {};
  }
  if (auto free = DataDirectory::hold(config.server.data)) {
    // Opening brings both stores up to date.
    free->reset();
    C4A_CHECK(Storage::open(config));
  } else {
    // A server that runs has migrated at its start; what can still be asked is the metadata.
    C4A_CHECK(open_metadata(config));
  }
  fmt::print("The data in {} is up to date.\n", config.server.data);
  return {};
}

}  // namespace

int migrate(const Config& config, const std::optional<std::string>& from_data, std::optional<int> partitions) {
  return report(run_migrate(config, from_data, partitions));
}

int create_key(const Config& config, const std::string& name, const std::vector<std::string>& scopes) {
  return report(run_create_key(config, name, scopes));
}

int add_user(const Config& config, const std::string& user_id, const std::optional<std::string>& display_name,
             bool password_from_stdin) {
  return report(run_add_user(config, user_id, display_name, password_from_stdin));
}

int issue_token(const Config& config, const std::string& user_id) { return report(run_issue_token(config, user_id)); }

}  // namespace c4a
