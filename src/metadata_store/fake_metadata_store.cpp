#include "metadata_store/fake_metadata_store.h"

#include <algorithm>

#include "metadata_store/page_cursor.h"

namespace c4a {

void FakeMetadataStore::set_down(bool down) {
  const std::scoped_lock guard(mutex_);
  down_ = down;
}

Result<> FakeMetadataStore::available() const {
  if (down_) return fail(ErrorCode::kUnavailable, "The metadata store was told to be down.");
  return {};
}

Result<> FakeMetadataStore::migrate() { return check(); }

Result<> FakeMetadataStore::check() {
  const std::scoped_lock guard(mutex_);
  return available();
}

Result<> FakeMetadataStore::create_user(const UserRecord& user) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  if (!users_.try_emplace(user.user_id.text, StoredUser{user}).second) {
    return fail(ErrorCode::kUserExists, "The user id \"" + user.user_id.text + "\" is taken; choose another.");
  }
  return {};
}

Result<FakeMetadataStore::StoredUser*> FakeMetadataStore::active_user(const UserId& user_id) {
  C4A_CHECK(available());
  const auto found = users_.find(user_id.text);
  if (found == users_.end() || found->second.state != StoredUser::State::kActive) {
    return fail(ErrorCode::kUserNotFound, "There is no user \"" + user_id.text + "\".");
  }
  return &found->second;
}

Result<UserRecord> FakeMetadataStore::user(const UserId& user_id) {
  const std::scoped_lock guard(mutex_);
  C4A_TRY(StoredUser* const user, active_user(user_id));
  return user->record;
}

Result<UserRecord> FakeMetadataStore::update_user(const UserId& user_id, const UserEdit& edit) {
  const std::scoped_lock guard(mutex_);
  C4A_TRY(StoredUser* const user, active_user(user_id));
  UserRecord changed = user->record;
  C4A_CHECK(edit(changed));
  changed.user_id = user_id;
  changed.created_at = user->record.created_at;
  user->record = std::move(changed);
  return user->record;
}

Result<std::vector<UserId>> FakeMetadataStore::missing_users(std::span<const UserId> user_ids) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  std::vector<UserId> missing;
  for (const auto& user_id : user_ids) {
    if (!active_user(user_id)) missing.push_back(user_id);
  }
  return missing;
}

Result<> FakeMetadataStore::begin_user_deletion(const UserId& user_id, TimestampMs) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = users_.find(user_id.text);
  if (found == users_.end() || found->second.state == StoredUser::State::kDeleted) {
    return fail(ErrorCode::kUserNotFound, "There is no user \"" + user_id.text + "\".");
  }
  found->second.state = StoredUser::State::kDeleting;
  return {};
}

Result<> FakeMetadataStore::finish_user_deletion(const UserId& user_id) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = users_.find(user_id.text);
  if (found != users_.end() && found->second.state == StoredUser::State::kDeleting) {
    found->second = StoredUser{UserRecord{user_id, {}, "{}", {}, 0}, StoredUser::State::kDeleted};
  }
  return {};
}

Result<std::vector<UserId>> FakeMetadataStore::users_being_deleted() {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  std::vector<UserId> users;
  for (const auto& [text, user] : users_) {
    if (user.state == StoredUser::State::kDeleting) users.push_back(UserId{text});
  }
  return users;
}

template <class Matches>
std::optional<ApiKeyRecord> FakeMetadataStore::find_key(const Matches& matches) const {
  for (const auto& [key_id, key] : keys_) {
    if (matches(key)) return key;
  }
  return std::nullopt;
}

Result<> FakeMetadataStore::insert_key(const ApiKeyRecord& key) {
  const auto same = find_key([&](const ApiKeyRecord& other) {
    return other.key_id == key.key_id || other.client_id == key.client_id || other.key_hash == key.key_hash;
  });
  if (same) return fail(ErrorCode::kConflict, "An API key with this id or secret exists already.");
  keys_.emplace(key.key_id, key);
  return {};
}

Result<> FakeMetadataStore::create_key(const ApiKeyRecord& key) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  return insert_key(key);
}

Result<std::optional<ApiKeyRecord>> FakeMetadataStore::key_by_hash(std::string_view key_hash) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  return find_key([&](const ApiKeyRecord& key) { return key.key_hash == key_hash; });
}

Result<std::optional<ApiKeyRecord>> FakeMetadataStore::key_by_client_id(std::string_view client_id) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  return find_key([&](const ApiKeyRecord& key) { return key.client_id == client_id; });
}

Result<MetadataPage<ApiKeyRecord>> FakeMetadataStore::keys(const std::optional<std::string>& cursor,
                                                           std::size_t limit) {
  C4A_TRY(const KeyCursor after, KeyCursor::parse(cursor));
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto place = [](const ApiKeyRecord& key) { return std::pair(key.created_at, key.key_id); };
  MetadataPage<ApiKeyRecord> page;
  for (const auto& [key_id, key] : keys_) {
    if (place(key) > std::pair(after.created_at, after.key_id)) page.items.push_back(key);
  }
  std::ranges::sort(page.items, {}, place);
  if (page.items.size() > limit) {
    page.items.resize(limit);
    if (limit > 0) page.next_cursor = KeyCursor{page.items.back().created_at, page.items.back().key_id}.text();
  }
  return page;
}

Result<ApiKeyRecord> FakeMetadataStore::delete_key(const Uuid& key_id) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  auto node = keys_.extract(key_id);
  if (!node) return fail(ErrorCode::kNotFound, "There is no API key with this id.");
  return std::move(node.mapped());
}

Result<MetadataStore::AdminKeyChange> FakeMetadataStore::put_admin_key(const ApiKeyRecord& key) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  if (auto same = find_key([&](const ApiKeyRecord& other) { return other.key_hash == key.key_hash; })) {
    return AdminKeyChange{*std::move(same), {}};
  }
  auto earlier = find_key([](const ApiKeyRecord& other) { return other.is_bootstrap; });
  if (earlier) keys_.erase(earlier->key_id);
  ApiKeyRecord stored = key;
  stored.is_bootstrap = true;
  C4A_CHECK(insert_key(stored));
  return AdminKeyChange{std::move(stored), std::move(earlier)};
}

Result<std::optional<ApiKeyRecord>> FakeMetadataStore::admin_key() {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  return find_key([](const ApiKeyRecord& key) { return key.is_bootstrap; });
}

Result<> FakeMetadataStore::record_key_use(std::span<const KeyUse> uses) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  for (const auto& use : uses) {
    const auto found = keys_.find(use.key_id);
    if (found == keys_.end()) continue;
    auto& last = found->second.last_used_at;
    last = std::max(last.value_or(use.at), use.at);
  }
  return {};
}

Result<> FakeMetadataStore::append_audit(const AuditEntry& entry) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  audit_.push_back(entry);
  return {};
}

Result<MetadataPage<AuditEntry>> FakeMetadataStore::audit(const std::optional<std::string>& cursor, std::size_t limit) {
  C4A_TRY(const AuditCursor before, AuditCursor::parse(cursor));
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  // Positions count from 1, as in a database.
  auto position = std::min<std::int64_t>(before.position, static_cast<std::int64_t>(audit_.size()) + 1);
  MetadataPage<AuditEntry> page;
  while (position > 1 && page.items.size() < limit)
    page.items.push_back(audit_[static_cast<std::size_t>(--position) - 1]);
  if (position > 1 && limit > 0) page.next_cursor = AuditCursor{position}.text();
  return page;
}

}  // namespace c4a
