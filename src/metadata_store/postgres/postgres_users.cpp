#include <unordered_set>

#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

Error no_such_user(const UserId& user_id) {
  return Error{ErrorCode::kUserNotFound, "There is no user \"" + user_id.text + "\".", {}, {}};
}

Result<UserRecord> user_of(const PostgresRows& rows, const UserId& user_id) {
  if (rows.empty()) return fail(no_such_user(user_id));
  return UserRecord{user_id, rows.optional_text(0, 0), rows.text(0, 1), rows.optional_text(0, 2), rows.integer(0, 3)};
}

}  // namespace

Result<> PostgresMetadataStore::create_user(const UserRecord& user) {
  C4A_TRY(const auto rows, database_->write(sql::kCreateUser, {user.user_id.text, user.display_name, user.metadata,
                                                               user.password_hash, user.created_at}));
  if (rows.changed() == 0) {
    return fail(ErrorCode::kUserExists, "The user id \"" + user.user_id.text + "\" is taken; choose another.");
  }
  return {};
}

Result<UserRecord> PostgresMetadataStore::user(const UserId& user_id) {
  C4A_TRY(const auto rows, database_->read(sql::kReadUser, {user_id.text}));
  return user_of(rows, user_id);
}

Result<UserRecord> PostgresMetadataStore::update_user(const UserId& user_id, const UserEdit& edit) {
  return database_->transaction([&](PostgresTransaction& transaction) -> Result<UserRecord> {
    C4A_TRY(const auto rows, transaction.run(sql::kLockUser, {user_id.text}));
    C4A_TRY(UserRecord user, user_of(rows, user_id));
    const TimestampMs created_at = user.created_at;
    C4A_CHECK(edit(user));
    user.user_id = user_id;
    user.created_at = created_at;
    C4A_CHECK(transaction.run(sql::kUpdateUser, {user_id.text, user.display_name, user.metadata, user.password_hash}));
    return user;
  });
}

Result<std::vector<UserId>> PostgresMetadataStore::missing_users(std::span<const UserId> user_ids) {
  if (user_ids.empty()) return std::vector<UserId>{};
  std::vector<std::string_view> asked;
  asked.reserve(user_ids.size());
  for (const auto& user_id : user_ids) {
    // What is no user id at all could break out of the array's text, and nobody has it.
    if (UserId::parse(user_id.text)) asked.push_back(user_id.text);
  }
  const std::string array = postgres_array(asked);
  C4A_TRY(const auto rows, database_->read(sql::kExistingUsers, {PostgresArray{array}}));
  std::unordered_set<std::string> existing;
  for (int row = 0; row < rows.size(); ++row) existing.insert(rows.text(row, 0));
  std::vector<UserId> missing;
  for (const auto& user_id : user_ids) {
    if (!existing.contains(user_id.text)) missing.push_back(user_id);
  }
  return missing;
}

Result<> PostgresMetadataStore::begin_user_deletion(const UserId& user_id, TimestampMs at) {
  C4A_TRY(const auto rows, database_->write(sql::kBeginUserDeletion, {user_id.text, at}));
  if (rows.changed() == 0) return fail(no_such_user(user_id));
  return {};
}

Result<> PostgresMetadataStore::finish_user_deletion(const UserId& user_id) {
  C4A_CHECK(database_->write(sql::kFinishUserDeletion, {user_id.text}));
  return {};
}

Result<std::vector<UserId>> PostgresMetadataStore::users_being_deleted() {
  C4A_TRY(const auto rows, database_->read(sql::kUsersBeingDeleted));
  std::vector<UserId> users;
  for (int row = 0; row < rows.size(); ++row) users.push_back(UserId{rows.text(row, 0)});
  return users;
}

}  // namespace c4a
