#include "operations/users.h"

#include <fmt/format.h>

#include "auth/password_hash.h"
#include "base/json_merge.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxDisplayName = 256;
constexpr std::size_t kMinPassword = 8;
constexpr std::size_t kMaxPassword = 1024;
constexpr std::size_t kMaxMetadataBytes = 16 * 1024;

std::unexpected<Error> no_such_user() {
  return fail(ErrorCode::kUserNotFound, "There is no such user, or they are not yours to see.");
}

std::optional<std::string> read_metadata(JsonFields& fields) {
  const auto metadata = fields.object("metadata", JsonFields::kOptional);
  if (!metadata) return std::nullopt;
  std::string text = compact_json(*metadata);
  if (text.size() > kMaxMetadataBytes) {
    fields.complain("metadata", fmt::format("may have {} bytes", kMaxMetadataBytes));
  }
  return text;
}

}  // namespace

std::string user_json(const UserRecord& user) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("user_id", user.user_id.text).key("display_name");
  if (user.display_name)
    json.value(*user.display_name);
  else
    json.null();
  json.member_raw("metadata", user.metadata).member_time("created_at", user.created_at).end_object();
  return out;
}

Result<UserRecord> Users::create(const std::optional<Identity>& caller, JsonObject body) {
  if (!rules_.open_registration) {
    if (!caller) {
      return fail(ErrorCode::kUnauthorized, "Creating users needs an API key with the scope users.");
    }
    C4A_CHECK(require_scope(*caller, Scope::kUsers));
  }
  JsonFields fields(body);
  UserRecord user;
  const auto id_text = fields.text("user_id", JsonFields::kRequired, 0, 1024);
  std::optional<UserId> id;
  if (id_text) {
    id = UserId::parse(*id_text);
    if (!id) fields.complain("user_id", std::string(kUserIdRule));
  }
  if (const auto name = fields.text("display_name", JsonFields::kOptional, 0, kMaxDisplayName))
    user.display_name = *name;
  const auto password = fields.text("password", JsonFields::kOptional, kMinPassword, kMaxPassword);
  user.metadata = read_metadata(fields).value_or("{}");
  if (!fields.ok()) return fail(std::move(fields).error());
  user.user_id = std::move(*id);
  user.created_at = clock_.now_ms();
  if (password) {
    C4A_TRY(user.password_hash, hash_password(*password));
  }
  C4A_CHECK(metadata_.create_user(user));
  audit_.record(caller ? caller->actor() : "registration", "user.created", "user", user.user_id.text);
  return user;
}

Result<> Users::may_see(const Identity& caller, const UserId& user) {
  if (caller.kind != Identity::Kind::kUser) return {};
  if (caller.user_id == user) return {};
  C4A_TRY(const bool together, share_conversation(store_, *caller.user_id, user));
  if (!together) return no_such_user();
  return {};
}

Result<> Users::may_change(const Identity& caller, const UserId& user) {
  if (caller.has_scope(Scope::kUsers)) return {};
  if (caller.kind == Identity::Kind::kUser && caller.user_id == user) return {};
  C4A_CHECK(may_see(caller, user));
  C4A_CHECK(metadata_.user(user));
  if (caller.kind != Identity::Kind::kUser) return require_scope(caller, Scope::kUsers);
  return fail(ErrorCode::kForbidden, "Only the user, or a key with the scope users, may change an account.");
}

Result<UserRecord> Users::get(const Identity& caller, const UserId& user) {
  C4A_CHECK(may_see(caller, user));
  auto found = metadata_.user(user);
  if (!found && found.error().code == ErrorCode::kUserNotFound) return no_such_user();
  return found;
}

Result<UserRecord> Users::update(const Identity& caller, const UserId& user, JsonObject patch) {
  C4A_CHECK(may_change(caller, user));
  JsonFields fields(patch);
  const bool clears_name = fields.is_null("display_name");
  std::optional<std::string> name;
  if (const auto text = fields.text("display_name", JsonFields::kOptional, 0, kMaxDisplayName)) name = *text;
  const auto password = fields.text("password", JsonFields::kOptional, kMinPassword, kMaxPassword);
  const auto metadata = read_metadata(fields);
  if (!fields.ok()) return fail(std::move(fields).error());
  std::optional<std::string> hash;
  if (password) {
    C4A_TRY(hash, hash_password(*password));
  }
  auto changed = metadata_.update_user(user, [&](UserRecord& record) -> Result<> {
    if (name || clears_name) record.display_name = name;
    if (hash) record.password_hash = hash;
    if (!metadata) return {};
    C4A_TRY(record.metadata, merge_patch(record.metadata, *metadata));
    if (record.metadata.size() > kMaxMetadataBytes) {
      return fail_field("/metadata", fmt::format("may have {} bytes after merging", kMaxMetadataBytes));
    }
    return {};
  });
  if (!changed && changed.error().code == ErrorCode::kUserNotFound) return no_such_user();
  if (!changed) return changed;
  if (hash) C4A_CHECK(tokens_.end_user_tokens(user));
  audit_.record(caller.actor(), hash ? "user.password_changed" : "user.updated", "user", user.text);
  return changed;
}

Result<> Users::remove(const Identity& caller, const UserId& user) {
  C4A_CHECK(may_change(caller, user));
  const auto begun = metadata_.begin_user_deletion(user, clock_.now_ms());
  if (!begun && begun.error().code == ErrorCode::kUserNotFound) return no_such_user();
  if (!begun) return begun;
  C4A_CHECK(finish_deletion(user));
  audit_.record(caller.actor(), "user.deleted", "user", user.text);
  return {};
}

Result<> Users::finish_deletion(const UserId& user) {
  C4A_CHECK(tokens_.end_user_tokens(user));
  disconnect_(user);
  C4A_CHECK(conversations_.leave_everything(user));
  return metadata_.finish_user_deletion(user);
}

Result<> Users::finish_deletions() {
  C4A_TRY(const auto users, metadata_.users_being_deleted());
  for (const auto& user : users) C4A_CHECK(finish_deletion(user));
  return {};
}

}  // namespace c4a
