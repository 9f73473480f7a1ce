#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

Error no_such_user(const UserId& user_id) {
  return Error{ErrorCode::kUserNotFound, "There is no user \"" + user_id.text + "\".", {}, {}};
}

Result<UserRecord> read_user(SqliteConnection& connection, const UserId& user_id) {
  C4A_TRY(SqliteRows rows, connection.query("SELECT display_name, metadata, password_hash, created_at FROM users "
                                            "WHERE user_id = ? AND state = 0",
                                            {user_id.text}));
  C4A_TRY(const bool found, rows.next());
  if (!found) return fail(no_such_user(user_id));
  return UserRecord{user_id, rows.optional_text(0), rows.text(1), rows.optional_text(2), rows.integer(3)};
}

}  // namespace

Result<> SqliteMetadataStore::create_user(const UserRecord& user) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_TRY(const int created,
            connection.run("INSERT INTO users (user_id, display_name, metadata, password_hash, created_at, state) "
                           "VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (user_id) DO NOTHING",
                           {user.user_id.text, user.display_name, user.metadata, user.password_hash, user.created_at}));
    if (created == 0) {
      return fail(ErrorCode::kUserExists, "The user id \"" + user.user_id.text + "\" is taken; choose another.");
    }
    return {};
  });
}

Result<UserRecord> SqliteMetadataStore::user(const UserId& user_id) {
  return database_->read([&](SqliteConnection& connection) { return read_user(connection, user_id); });
}

Result<UserRecord> SqliteMetadataStore::update_user(const UserId& user_id, const UserEdit& edit) {
  return database_->write([&](SqliteConnection& connection) -> Result<UserRecord> {
    C4A_TRY(UserRecord user, read_user(connection, user_id));
    const TimestampMs created_at = user.created_at;
    C4A_CHECK(edit(user));
    user.user_id = user_id;
    user.created_at = created_at;
    C4A_CHECK(connection.run("UPDATE users SET display_name = ?, metadata = ?, password_hash = ? WHERE user_id = ?",
                             {user.display_name, user.metadata, user.password_hash, user_id.text}));
    return user;
  });
}

Result<std::vector<UserId>> SqliteMetadataStore::missing_users(std::span<const UserId> user_ids) {
  return database_->read([&](SqliteConnection& connection) -> Result<std::vector<UserId>> {
    std::vector<UserId> missing;
    C4A_CHECK(connection.run("BEGIN"));  // one view for all of them, and locked once
    for (const auto& user_id : user_ids) {
      C4A_TRY(SqliteRows rows, connection.query("SELECT 1 FROM users WHERE user_id = ? AND state = 0", {user_id.text}));
      C4A_TRY(const bool found, rows.next());
      if (!found) missing.push_back(user_id);
    }
    C4A_CHECK(connection.run("COMMIT"));
    return missing;
  });
}

Result<> SqliteMetadataStore::begin_user_deletion(const UserId& user_id, TimestampMs at) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_TRY(const int changed, connection.run("UPDATE users SET state = 1, deleted_at = COALESCE(deleted_at, ?), "
                                              "password_hash = NULL WHERE user_id = ? AND state <> 2",
                                              {at, user_id.text}));
    if (changed == 0) return fail(no_such_user(user_id));
    return {};
  });
}

Result<> SqliteMetadataStore::finish_user_deletion(const UserId& user_id) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("UPDATE users SET state = 2, display_name = NULL, metadata = '{}' "
                       "WHERE user_id = ? AND state = 1",
                       {user_id.text}));
    return {};
  });
}

Result<std::vector<UserId>> SqliteMetadataStore::users_being_deleted() {
  return database_->read([&](SqliteConnection& connection) -> Result<std::vector<UserId>> {
    C4A_TRY(SqliteRows rows, connection.query("SELECT user_id FROM users WHERE state = 1 ORDER BY user_id"));
    std::vector<UserId> users;
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return users;
      users.push_back(UserId{rows.text(0)});
    }
  });
}

}  // namespace c4a
