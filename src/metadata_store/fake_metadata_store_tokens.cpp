// The part of FakeMetadataStore that keeps what expires: tokens, idempotency records, notes.

#include <algorithm>

#include "metadata_store/fake_metadata_store.h"

namespace c4a {

void FakeMetadataStore::put_revocation(const Revocation& revocation) {
  auto& stored = revocations_[{revocation.kind, revocation.id}];
  const TimestampMs not_before = std::max(stored.not_before, revocation.not_before);
  const TimestampMs expires_at = std::max(stored.expires_at, revocation.expires_at);
  stored = revocation;
  stored.not_before = not_before;
  stored.expires_at = expires_at;
}

void FakeMetadataStore::revoke_family(const Uuid& family_id, TimestampMs now, TimestampMs access_tokens_end_at) {
  families_[family_id].revoked = true;
  put_revocation({Revocation::Kind::kFamily, family_id.str(), 0, now, access_tokens_end_at});
}

Result<> FakeMetadataStore::create_refresh_family(const RefreshFamily& family) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  families_[family.family_id] = {family.subject, family.expires_at, false};
  tokens_[family.token_hash] = {family.family_id, family.expires_at, false};
  return {};
}

Result<RefreshOutcome> FakeMetadataStore::rotate_refresh_token(const RefreshRotation& rotation) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = tokens_.find(rotation.old_hash);
  if (found == tokens_.end() || found->second.expires_at <= rotation.now) return RefreshOutcome{};
  const Uuid family_id = found->second.family_id;
  StoredFamily& family = families_[family_id];
  if (family.revoked) return RefreshOutcome{};
  if (found->second.used) {
    revoke_family(family_id, rotation.now, rotation.access_tokens_end_at);
    return RefreshOutcome{RefreshOutcome::Kind::kReused, family_id, family.subject};
  }
  found->second.used = true;
  tokens_[rotation.new_hash] = {family_id, rotation.new_expires_at, false};
  family.expires_at = std::max(family.expires_at, rotation.new_expires_at);
  return RefreshOutcome{RefreshOutcome::Kind::kRotated, family_id, family.subject};
}

Result<std::optional<Uuid>> FakeMetadataStore::revoke_refresh_token(std::string_view token_hash, TimestampMs now,
                                                                    TimestampMs access_tokens_end_at) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = tokens_.find(token_hash);
  if (found == tokens_.end()) return std::nullopt;
  const Uuid family_id = found->second.family_id;
  if (families_[family_id].revoked) return std::nullopt;
  revoke_family(family_id, now, access_tokens_end_at);
  return family_id;
}

Result<> FakeMetadataStore::revoke(const Revocation& revocation) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  if (revocation.kind == Revocation::Kind::kSubject) {
    for (auto& [family_id, family] : families_) {
      if (family.subject == revocation.id) family.revoked = true;
    }
  }
  put_revocation(revocation);
  return {};
}

Result<std::vector<Revocation>> FakeMetadataStore::revocations(TimestampMs now, TimestampMs recorded_from) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  std::vector<Revocation> active;
  for (const auto& [id, revocation] : revocations_) {
    if (revocation.expires_at > now && revocation.recorded_at >= recorded_from) active.push_back(revocation);
  }
  std::ranges::sort(active, {}, &Revocation::recorded_at);
  return active;
}

Result<> FakeMetadataStore::add_signing_key(const SigningKeyRecord& key) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  if (std::ranges::find(signing_keys_, key.kid, &SigningKeyRecord::kid) != signing_keys_.end()) return {};
  signing_keys_.push_back(key);
  std::ranges::sort(signing_keys_, {}, [](const auto& stored) { return std::pair(stored.created_at, stored.kid); });
  return {};
}

Result<std::vector<SigningKeyRecord>> FakeMetadataStore::signing_keys() {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  return signing_keys_;
}

Result<IdempotencyBegin> FakeMetadataStore::begin_idempotent(const IdempotencyId& id, std::string_view body_hash,
                                                             TimestampMs now) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.created_at <= now - kIdempotencyMs) {
    requests_[id] = {std::string(body_hash), now, {}};
    return IdempotencyBegin{};
  }
  const StoredRequest& earlier = found->second;
  if (earlier.body_hash != body_hash) return IdempotencyBegin{IdempotencyBegin::Kind::kOtherBody, {}};
  if (!earlier.response) return IdempotencyBegin{IdempotencyBegin::Kind::kRunning, {}};
  return IdempotencyBegin{IdempotencyBegin::Kind::kReplay, *earlier.response};
}

Result<> FakeMetadataStore::finish_idempotent(const IdempotencyId& id, const StoredResponse& response) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = requests_.find(id);
  if (found != requests_.end() && !found->second.response) found->second.response = response;
  return {};
}

Result<> FakeMetadataStore::abandon_idempotent(const IdempotencyId& id) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto found = requests_.find(id);
  if (found != requests_.end() && !found->second.response) requests_.erase(found);
  return {};
}

Result<> FakeMetadataStore::abandon_interrupted_idempotent(TimestampMs started_before) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  std::erase_if(requests_, [&](const auto& request) {
    return !request.second.response && request.second.created_at < started_before;
  });
  return {};
}

Result<UndecidedNote> FakeMetadataStore::note_undecided(const UndecidedSend& send) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  const auto [found, added] = undecided_.try_emplace({send.conversation_id, send.message_id}, send);
  if (!added && found->second.expires_at > send.created_at) return UndecidedNote{false, found->second};
  found->second = send;
  return UndecidedNote{true, send};
}

Result<> FakeMetadataStore::purge_expired(TimestampMs now) {
  const std::scoped_lock guard(mutex_);
  C4A_CHECK(available());
  std::erase_if(tokens_, [&](const auto& token) { return token.second.expires_at <= now; });
  std::erase_if(families_, [&](const auto& family) { return family.second.expires_at <= now; });
  std::erase_if(revocations_, [&](const auto& revocation) { return revocation.second.expires_at <= now; });
  std::erase_if(requests_, [&](const auto& request) { return request.second.created_at <= now - kIdempotencyMs; });
  std::erase_if(undecided_, [&](const auto& note) { return note.second.expires_at <= now; });
  return {};
}

}  // namespace c4a
