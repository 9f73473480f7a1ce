#pragma once

// What every MetadataStore must do. A new implementation instantiates the suite with a fixture type that has
// `std::unique_ptr<MetadataStore> open()`, which answers an empty, migrated store; see metadata_store_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metadata_store/metadata_store.h"

namespace c4a {

inline constexpr TimestampMs kContractNow = 1'800'000'000'000;

template <class Fixture>
class MetadataStoreContract : public ::testing::Test {
 protected:
  static UserRecord user_named(std::string user_id) {
    return {UserId{std::move(user_id)}, "Ann", "{}", {}, kContractNow};
  }
  static std::string hash_of(char letter) { return std::string(32, letter); }
  static ApiKeyRecord key_named(std::string name, char letter, TimestampMs created_at = kContractNow) {
    return {Uuid::v7(created_at), "client_" + name, name, {"messages", "users"},
            hash_of(letter),      created_at,       {},   false};
  }
  static RefreshRotation rotation(char from, char to, TimestampMs now = kContractNow + 1) {
    return {hash_of(from), hash_of(to), now, now + 1000, now + 100};
  }
  Uuid start_family(char letter, const std::string& subject = "user:ann") {
    const RefreshFamily family{Uuid::v7(kContractNow), subject, hash_of(letter), kContractNow, kContractNow + 1000};
    EXPECT_TRUE(store_->create_refresh_family(family));
    return family.family_id;
  }
  RefreshOutcome::Kind rotate(char from, char to, TimestampMs now = kContractNow + 1) {
    return store_->rotate_refresh_token(rotation(from, to, now)).value().kind;
  }
  IdempotencyBegin::Kind begin(const IdempotencyId& id, char body, TimestampMs now = kContractNow) {
    return store_->begin_idempotent(id, hash_of(body), now).value().kind;
  }

  static UndecidedSend undecided(const std::string& from, TimestampMs created_at = kContractNow) {
    UndecidedSend send{{Uuid::from_name("conversation")},
                       {Uuid::from_name("message")},
                       {},
                       UserId{from},
                       created_at,
                       created_at + 1000};
    send.digest = Uuid::from_name(from).bytes;
    return send;
  }
  bool is_first(const UndecidedSend& send) { return store_->note_undecided(send).value().first; }

  Fixture fixture_;
  std::unique_ptr<MetadataStore> store_ = fixture_.open();
};
TYPED_TEST_SUITE_P(MetadataStoreContract);

template <class T>
ErrorCode refusal_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

TYPED_TEST_P(MetadataStoreContract, AUserIsReadBackAsCreated) {
  UserRecord ann = this->user_named("ann");
  ann.metadata = R"({"team":"blue"})";
  ann.password_hash = "$argon2id$x";
  ASSERT_TRUE(this->store_->create_user(ann));
  EXPECT_EQ(*this->store_->user(ann.user_id), ann);
  EXPECT_EQ(refusal_of(this->store_->create_user(ann)), ErrorCode::kUserExists);
  EXPECT_EQ(refusal_of(this->store_->user(UserId{"Ann"})), ErrorCode::kUserNotFound);
}

TYPED_TEST_P(MetadataStoreContract, OfManyCreatorsOfOneUserExactlyOneWins) {
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> creators;
    for (int i = 0; i < 16; ++i) {
      creators.emplace_back([&, i] {
        for (int round = 0; round < 20; ++round) {
          UserRecord user = this->user_named("user" + std::to_string(round));
          user.display_name = std::to_string(i);
          if (this->store_->create_user(user)) ++winners;
        }
      });
    }
  }
  EXPECT_EQ(winners, 20);
}

TYPED_TEST_P(MetadataStoreContract, AnEditChangesWhatItTouchesAndAFailedOneNothing) {
  const UserRecord ann = this->user_named("ann");
  ASSERT_TRUE(this->store_->create_user(ann));
  const auto edited = this->store_->update_user(ann.user_id, [](UserRecord& user) -> Result<> {
    user.display_name.reset();
    user.password_hash = "hash";
    user.created_at = 0;
    return {};
  });
  ASSERT_TRUE(edited);
  EXPECT_EQ(*edited, (UserRecord{ann.user_id, {}, "{}", "hash", kContractNow}));
  const auto refused = this->store_->update_user(ann.user_id, [](UserRecord& user) -> Result<> {
    user.metadata = R"({"a":1})";
    return fail(ErrorCode::kValidationFailed);
  });
  EXPECT_EQ(refusal_of(refused), ErrorCode::kValidationFailed);
  EXPECT_EQ(*this->store_->user(ann.user_id), *edited);
  EXPECT_EQ(refusal_of(this->store_->update_user(UserId{"bob"}, [](UserRecord&) { return Result<>{}; })),
            ErrorCode::kUserNotFound);
}

TYPED_TEST_P(MetadataStoreContract, ConcurrentEditsOfOneUserAllCount) {
  UserRecord ann = this->user_named("ann");
  ann.metadata.clear();
  ASSERT_TRUE(this->store_->create_user(ann));
  {
    std::vector<std::jthread> editors;
    for (int i = 0; i < 8; ++i) {
      editors.emplace_back([&] {
        for (int round = 0; round < 10; ++round) {
          EXPECT_TRUE(this->store_->update_user(ann.user_id, [](UserRecord& user) -> Result<> {
            user.metadata += 'x';
            return {};
          }));
        }
      });
    }
  }
  EXPECT_EQ(this->store_->user(ann.user_id)->metadata.size(), 80u);
}

TYPED_TEST_P(MetadataStoreContract, ADeletedUserIsGoneAtOnceAndTheIdIsNeverGivenAgain) {
  const UserRecord ann = this->user_named("ann");
  ASSERT_TRUE(this->store_->create_user(ann));
  ASSERT_TRUE(this->store_->begin_user_deletion(ann.user_id, kContractNow));
  ASSERT_TRUE(this->store_->begin_user_deletion(ann.user_id, kContractNow + 1));
  EXPECT_EQ(refusal_of(this->store_->user(ann.user_id)), ErrorCode::kUserNotFound);
  EXPECT_EQ(refusal_of(this->store_->create_user(ann)), ErrorCode::kUserExists);
  EXPECT_EQ(*this->store_->users_being_deleted(), std::vector{ann.user_id});
  ASSERT_TRUE(this->store_->finish_user_deletion(ann.user_id));
  ASSERT_TRUE(this->store_->finish_user_deletion(ann.user_id));
  EXPECT_TRUE(this->store_->users_being_deleted()->empty());
  EXPECT_EQ(refusal_of(this->store_->create_user(ann)), ErrorCode::kUserExists);
  EXPECT_EQ(refusal_of(this->store_->begin_user_deletion(ann.user_id, kContractNow)), ErrorCode::kUserNotFound);
}

TYPED_TEST_P(MetadataStoreContract, TheMissingOfTenThousandUsersAreNamedInOrder) {
  ASSERT_TRUE(this->store_->create_user(this->user_named("u7")));
  ASSERT_TRUE(this->store_->create_user(this->user_named("u9999")));
  ASSERT_TRUE(this->store_->create_user(this->user_named("u5")));
  ASSERT_TRUE(this->store_->begin_user_deletion(UserId{"u5"}, kContractNow));
  std::vector<UserId> asked;
  for (int i = 0; i < 10'000; ++i) asked.push_back(UserId{"u" + std::to_string(i)});
  auto expected = asked;
  std::erase(expected, UserId{"u7"});
  std::erase(expected, UserId{"u9999"});
  EXPECT_EQ(*this->store_->missing_users(asked), expected);
  EXPECT_TRUE(this->store_->missing_users({})->empty());
}

TYPED_TEST_P(MetadataStoreContract, AKeyIsFoundByItsHashAndItsClientId) {
  const ApiKeyRecord key = this->key_named("shop", 'a');
  ASSERT_TRUE(this->store_->create_key(key));
  EXPECT_EQ(**this->store_->key_by_hash(key.key_hash), key);
  EXPECT_EQ(**this->store_->key_by_client_id("client_shop"), key);
  EXPECT_FALSE(*this->store_->key_by_hash(this->hash_of('b')));
  EXPECT_EQ(refusal_of(this->store_->create_key(this->key_named("shop", 'b'))), ErrorCode::kConflict);
  EXPECT_EQ(refusal_of(this->store_->create_key(this->key_named("other", 'a'))), ErrorCode::kConflict);
  EXPECT_EQ(*this->store_->delete_key(key.key_id), key);
  EXPECT_FALSE(*this->store_->key_by_hash(key.key_hash));
  EXPECT_EQ(refusal_of(this->store_->delete_key(key.key_id)), ErrorCode::kNotFound);
}

TYPED_TEST_P(MetadataStoreContract, KeysAreListedOldestFirstInPages) {
  for (int i = 4; i >= 0; --i) {
    ASSERT_TRUE(
        this->store_->create_key(this->key_named(std::to_string(i), static_cast<char>('a' + i), kContractNow + i / 2)));
  }
  std::vector<TimestampMs> times;
  std::optional<std::string> cursor;
  int pages = 0;
  do {
    const auto page = this->store_->keys(cursor, 2);
    ASSERT_TRUE(page);
    for (const auto& key : page->items) times.push_back(key.created_at - kContractNow);
    cursor = page->next_cursor;
    ++pages;
  } while (cursor);
  EXPECT_EQ(times, (std::vector<TimestampMs>{0, 0, 1, 1, 2}));
  EXPECT_EQ(pages, 3);
  for (const char* bad : {"", "k", "k1", "k01.0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "k1.x", "a5"}) {
    EXPECT_EQ(refusal_of(this->store_->keys(bad, 2)), ErrorCode::kInvalidCursor) << bad;
  }
}

TYPED_TEST_P(MetadataStoreContract, ANewAdminKeyReplacesTheEarlierOne) {
  EXPECT_FALSE(*this->store_->admin_key());
  ASSERT_TRUE(this->store_->create_key(this->key_named("other", 'o')));
  const auto first = this->store_->put_admin_key(this->key_named("first", 'a'));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->stored.is_bootstrap);
  EXPECT_FALSE(first->replaced);
  const auto again = this->store_->put_admin_key(this->key_named("again", 'a'));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->stored, first->stored);
  const auto second = this->store_->put_admin_key(this->key_named("second", 'b'));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->replaced, first->stored);
  EXPECT_FALSE(*this->store_->key_by_hash(this->hash_of('a')));
  EXPECT_EQ((*this->store_->admin_key())->name, "second");
  EXPECT_TRUE(*this->store_->key_by_hash(this->hash_of('o')));
}

TYPED_TEST_P(MetadataStoreContract, TheLastUseOfAKeyOnlyMovesForward) {
  const ApiKeyRecord key = this->key_named("shop", 'a');
  ASSERT_TRUE(this->store_->create_key(key));
  ASSERT_TRUE(this->store_->record_key_use(std::vector<KeyUse>{{key.key_id, 20}, {Uuid::v7(1), 5}}));
  ASSERT_TRUE(this->store_->record_key_use(std::vector<KeyUse>{{key.key_id, 10}}));
  EXPECT_EQ((*this->store_->key_by_hash(key.key_hash))->last_used_at, 20);
}

TYPED_TEST_P(MetadataStoreContract, RotatingOneTokenTwiceRevokesTheFamily) {
  const Uuid family = this->start_family('a');
  EXPECT_EQ(this->rotate('a', 'b'), RefreshOutcome::Kind::kRotated);
  EXPECT_EQ(this->rotate('b', 'c'), RefreshOutcome::Kind::kRotated);
  const auto reused = this->store_->rotate_refresh_token(this->rotation('a', 'x'));
  ASSERT_TRUE(reused);
  EXPECT_EQ(reused->kind, RefreshOutcome::Kind::kReused);
  EXPECT_EQ(reused->family_id, family);
  EXPECT_EQ(reused->subject, "user:ann");
  EXPECT_EQ(this->rotate('c', 'd'), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->rotate('x', 'd'), RefreshOutcome::Kind::kUnknown);
  const auto revocations = *this->store_->revocations(kContractNow, 0);
  ASSERT_EQ(revocations.size(), 1u);
  EXPECT_EQ(revocations[0],
            (Revocation{Revocation::Kind::kFamily, family.str(), 0, kContractNow + 1, kContractNow + 101}));
}

TYPED_TEST_P(MetadataStoreContract, OfManyRotationsOfOneTokenExactlyOneSucceeds) {
  this->start_family('a');
  std::atomic<int> rotated = 0;
  std::atomic<int> reused = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, i] {
        const auto kind = this->rotate('a', static_cast<char>('m' + i));
        if (kind == RefreshOutcome::Kind::kRotated) ++rotated;
        if (kind == RefreshOutcome::Kind::kReused) ++reused;
      });
    }
  }
  EXPECT_EQ(rotated, 1);
  EXPECT_EQ(reused, 1);
}

TYPED_TEST_P(MetadataStoreContract, AnExpiredOrUnknownRefreshTokenIsUnknown) {
  this->start_family('a');
  EXPECT_EQ(this->rotate('z', 'y'), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->rotate('a', 'b', kContractNow + 1000), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->rotate('a', 'b', kContractNow + 999), RefreshOutcome::Kind::kRotated);
  // Each token lives from its own issue on.
  EXPECT_EQ(this->rotate('b', 'c', kContractNow + 1500), RefreshOutcome::Kind::kRotated);
}

TYPED_TEST_P(MetadataStoreContract, RevokingARefreshTokenEndsItsFamily) {
  const Uuid family = this->start_family('a');
  EXPECT_EQ(this->rotate('a', 'b'), RefreshOutcome::Kind::kRotated);
  EXPECT_EQ(*this->store_->revoke_refresh_token(this->hash_of('b'), kContractNow, kContractNow + 5), family);
  EXPECT_FALSE(*this->store_->revoke_refresh_token(this->hash_of('b'), kContractNow, kContractNow + 5));
  EXPECT_FALSE(*this->store_->revoke_refresh_token(this->hash_of('z'), kContractNow, kContractNow + 5));
  EXPECT_EQ(this->rotate('b', 'c'), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->store_->revocations(kContractNow, 0)->size(), 1u);
}

TYPED_TEST_P(MetadataStoreContract, RevokingASubjectEndsAllItsFamiliesAndNoOther) {
  this->start_family('a');
  this->start_family('b');
  this->start_family('c', "user:bob");
  const Revocation all_of_ann{Revocation::Kind::kSubject, "user:ann", kContractNow, kContractNow, kContractNow + 50};
  ASSERT_TRUE(this->store_->revoke(all_of_ann));
  EXPECT_EQ(this->rotate('a', 'x'), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->rotate('b', 'y'), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->rotate('c', 'z'), RefreshOutcome::Kind::kRotated);
  Revocation earlier = all_of_ann;
  earlier.not_before -= 10;
  earlier.recorded_at += 7;
  ASSERT_TRUE(this->store_->revoke(earlier));
  const auto stored = *this->store_->revocations(kContractNow, 0);
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].not_before, kContractNow);
  EXPECT_EQ(stored[0].recorded_at, kContractNow + 7);
}

TYPED_TEST_P(MetadataStoreContract, RevocationsAreListedUntilTheyExpire) {
  using Kind = Revocation::Kind;
  ASSERT_TRUE(this->store_->revoke({Kind::kToken, "j1", 0, kContractNow, kContractNow + 10}));
  ASSERT_TRUE(this->store_->revoke({Kind::kToken, "j2", 0, kContractNow + 5, kContractNow + 20}));
  EXPECT_EQ(this->store_->revocations(kContractNow, 0)->size(), 2u);
  EXPECT_EQ(this->store_->revocations(kContractNow + 10, 0)->size(), 1u);
  const auto recent = *this->store_->revocations(kContractNow, kContractNow + 5);
  ASSERT_EQ(recent.size(), 1u);
  EXPECT_EQ(recent[0].id, "j2");
}

TYPED_TEST_P(MetadataStoreContract, SigningKeysAreListedOldestFirst) {
  const SigningKeyRecord newer{"k2", this->hash_of('b'), kContractNow + 1};
  const SigningKeyRecord older{"k1", std::string(31, '\0') + "x", kContractNow};
  ASSERT_TRUE(this->store_->add_signing_key(newer));
  ASSERT_TRUE(this->store_->add_signing_key(older));
  ASSERT_TRUE(this->store_->add_signing_key({"k1", this->hash_of('z'), 0}));
  EXPECT_EQ(*this->store_->signing_keys(), (std::vector{older, newer}));
}

TYPED_TEST_P(MetadataStoreContract, TheFirstAnswerToAnIdempotencyKeyIsReplayed) {
  using Kind = IdempotencyBegin::Kind;
  const IdempotencyId id{"user:ann", "/v1/conversations", "k"};
  EXPECT_EQ(this->begin(id, 'a'), Kind::kStarted);
  EXPECT_EQ(this->begin(id, 'a'), Kind::kRunning);
  EXPECT_EQ(this->begin(id, 'b'), Kind::kOtherBody);
  EXPECT_EQ(this->begin({"user:bob", id.path, id.key}, 'b'), Kind::kStarted);
  EXPECT_EQ(this->begin({id.caller, "/v1/files", id.key}, 'b'), Kind::kStarted);
  const StoredResponse response{201, "Location: /x\n", std::string("{\0}", 3)};
  ASSERT_TRUE(this->store_->finish_idempotent(id, response));
  ASSERT_TRUE(this->store_->finish_idempotent(id, {500, "", ""}));
  ASSERT_TRUE(this->store_->abandon_idempotent(id));
  const auto replay = this->store_->begin_idempotent(id, this->hash_of('a'), kContractNow + 1);
  ASSERT_TRUE(replay);
  EXPECT_EQ(replay->kind, Kind::kReplay);
  EXPECT_EQ(replay->response, response);
  EXPECT_EQ(this->begin(id, 'b'), Kind::kOtherBody);
}

TYPED_TEST_P(MetadataStoreContract, AnIdempotencyKeyIsFreeAgainAfterADayOrWhenAbandoned) {
  using Kind = IdempotencyBegin::Kind;
  const IdempotencyId id{"user:ann", "/v1/conversations", "k"};
  EXPECT_EQ(this->begin(id, 'a'), Kind::kStarted);
  ASSERT_TRUE(this->store_->abandon_idempotent(id));
  EXPECT_EQ(this->begin(id, 'b'), Kind::kStarted);
  ASSERT_TRUE(this->store_->finish_idempotent(id, {201, "", "{}"}));
  const TimestampMs day = MetadataStore::kIdempotencyMs;
  EXPECT_EQ(this->begin(id, 'b', kContractNow + day - 1), Kind::kReplay);
  EXPECT_EQ(this->begin(id, 'c', kContractNow + day), Kind::kStarted);
}

TYPED_TEST_P(MetadataStoreContract, RequestsInterruptedByARestartMayBeTriedAgain) {
  using Kind = IdempotencyBegin::Kind;
  const IdempotencyId before{"a", "/p", "before"};
  const IdempotencyId done{"a", "/p", "done"};
  const IdempotencyId after{"a", "/p", "after"};
  EXPECT_EQ(this->begin(before, 'a', kContractNow - 1), Kind::kStarted);
  EXPECT_EQ(this->begin(done, 'a', kContractNow - 1), Kind::kStarted);
  EXPECT_EQ(this->begin(after, 'a', kContractNow), Kind::kStarted);
  ASSERT_TRUE(this->store_->finish_idempotent(done, {201, "", "{}"}));
  ASSERT_TRUE(this->store_->abandon_interrupted_idempotent(kContractNow));
  EXPECT_EQ(this->begin(before, 'b'), Kind::kStarted);
  EXPECT_EQ(this->begin(done, 'a'), Kind::kReplay);
  EXPECT_EQ(this->begin(after, 'a'), Kind::kRunning);
}

TYPED_TEST_P(MetadataStoreContract, TheFirstNoteOfAnUndecidedSendStandsUntilItExpires) {
  const UndecidedSend first = this->undecided("ann");
  const auto noted = this->store_->note_undecided(first);
  ASSERT_TRUE(noted);
  EXPECT_TRUE(noted->first);
  EXPECT_EQ(noted->noted, first);
  const auto repeated = this->store_->note_undecided(this->undecided("bob", first.expires_at - 1));
  ASSERT_TRUE(repeated);
  EXPECT_FALSE(repeated->first);
  EXPECT_EQ(repeated->noted, first);
  UndecidedSend elsewhere = this->undecided("bob");
  elsewhere.conversation_id = {Uuid::from_name("other")};
  EXPECT_TRUE(this->is_first(elsewhere));
  UndecidedSend another = this->undecided("bob");
  another.message_id = {Uuid::from_name("other")};
  EXPECT_TRUE(this->is_first(another));
  const UndecidedSend later = this->undecided("bob", first.expires_at);
  EXPECT_TRUE(this->is_first(later));
  EXPECT_EQ(this->store_->note_undecided(this->undecided("ann", first.expires_at))->noted, later);
}

TYPED_TEST_P(MetadataStoreContract, OfManyNotesOfOneMessageIdExactlyOneIsFirstAndAllSeeIt) {
  std::vector<UndecidedNote> notes(8);
  {
    std::vector<std::jthread> gateways;
    for (std::size_t i = 0; i < notes.size(); ++i) {
      gateways.emplace_back([&, i] {
        const auto note = this->store_->note_undecided(this->undecided("user" + std::to_string(i)));
        ASSERT_TRUE(note) << note.error().detail;
        notes[i] = *note;
      });
    }
  }
  EXPECT_EQ(std::ranges::count(notes, true, &UndecidedNote::first), 1);
  for (const auto& note : notes) EXPECT_EQ(note.noted, notes[0].noted);
}

TYPED_TEST_P(MetadataStoreContract, PurgingRemovesANoteWhenItExpiresAndNoMillisecondEarlier) {
  const UndecidedSend first = this->undecided("ann");
  EXPECT_TRUE(this->is_first(first));
  ASSERT_TRUE(this->store_->purge_expired(first.expires_at - 1));
  EXPECT_FALSE(this->is_first(first));
  ASSERT_TRUE(this->store_->purge_expired(first.expires_at));
  EXPECT_TRUE(this->is_first(first));
}

TYPED_TEST_P(MetadataStoreContract, TheAuditTrailIsReadNewestFirstInPages) {
  std::vector<AuditEntry> written;
  for (int i = 0; i < 5; ++i) {
    written.push_back(
        {Uuid::v7(kContractNow), kContractNow, "user:ann", "user.deleted", "user", std::to_string(i), "{}"});
    ASSERT_TRUE(this->store_->append_audit(written.back()));
  }
  std::vector<AuditEntry> read;
  std::optional<std::string> cursor;
  do {
    const auto page = this->store_->audit(cursor, 2);
    ASSERT_TRUE(page);
    read.insert(read.end(), page->items.begin(), page->items.end());
    cursor = page->next_cursor;
  } while (cursor);
  EXPECT_EQ(read, (std::vector<AuditEntry>{written.rbegin(), written.rend()}));
  EXPECT_EQ(refusal_of(this->store_->audit("k5", 2)), ErrorCode::kInvalidCursor);
}

TYPED_TEST_P(MetadataStoreContract, PurgingRemovesWhatHasExpiredAndNothingElse) {
  this->start_family('a');
  ASSERT_TRUE(this->store_->revoke({Revocation::Kind::kToken, "j", 0, kContractNow, kContractNow + 10}));
  EXPECT_EQ(this->begin({"a", "/p", "k"}, 'a'), IdempotencyBegin::Kind::kStarted);
  ASSERT_TRUE(this->store_->purge_expired(kContractNow + 10));
  EXPECT_EQ(this->rotate('a', 'b', kContractNow + 11), RefreshOutcome::Kind::kRotated);
  EXPECT_EQ(this->begin({"a", "/p", "k"}, 'a'), IdempotencyBegin::Kind::kRunning);
  EXPECT_TRUE(this->store_->revocations(0, 0)->empty());
  ASSERT_TRUE(this->store_->purge_expired(kContractNow + MetadataStore::kIdempotencyMs));
  EXPECT_EQ(this->rotate('b', 'c', kContractNow + 11), RefreshOutcome::Kind::kUnknown);
  EXPECT_EQ(this->begin({"a", "/p", "k"}, 'b'), IdempotencyBegin::Kind::kStarted);
}

REGISTER_TYPED_TEST_SUITE_P(
    MetadataStoreContract, AUserIsReadBackAsCreated, OfManyCreatorsOfOneUserExactlyOneWins,
    AnEditChangesWhatItTouchesAndAFailedOneNothing, ConcurrentEditsOfOneUserAllCount,
    ADeletedUserIsGoneAtOnceAndTheIdIsNeverGivenAgain, TheMissingOfTenThousandUsersAreNamedInOrder,
    AKeyIsFoundByItsHashAndItsClientId, KeysAreListedOldestFirstInPages, ANewAdminKeyReplacesTheEarlierOne,
    TheLastUseOfAKeyOnlyMovesForward, RotatingOneTokenTwiceRevokesTheFamily,
    OfManyRotationsOfOneTokenExactlyOneSucceeds, AnExpiredOrUnknownRefreshTokenIsUnknown,
    RevokingARefreshTokenEndsItsFamily, RevokingASubjectEndsAllItsFamiliesAndNoOther,
    RevocationsAreListedUntilTheyExpire, SigningKeysAreListedOldestFirst, TheFirstAnswerToAnIdempotencyKeyIsReplayed,
    AnIdempotencyKeyIsFreeAgainAfterADayOrWhenAbandoned, RequestsInterruptedByARestartMayBeTriedAgain,
    TheFirstNoteOfAnUndecidedSendStandsUntilItExpires, OfManyNotesOfOneMessageIdExactlyOneIsFirstAndAllSeeIt,
    PurgingRemovesANoteWhenItExpiresAndNoMillisecondEarlier, TheAuditTrailIsReadNewestFirstInPages,
    PurgingRemovesWhatHasExpiredAndNothingElse);

}  // namespace c4a
