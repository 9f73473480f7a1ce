#pragma once

// What every FileStore promises, as one suite that each implementation passes. A Harness makes an empty store, and can
// start it anew on the same data where it keeps any outside of the process:
//   struct Harness { FileStore& store(); void reopen(); };

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "file_store/file_store.h"
#include "file_store/file_store_fixture.h"

namespace c4a {

template <class Harness>
class FileStoreContract : public testing::Test {
 protected:
  FileStore& store() { return harness_.store(); }

  AppendOutcome append_outcome(const FileId& id, std::uint64_t offset, std::string_view bytes) {
    const auto appended = store().append(id, offset, bytes);
    if (!appended) ADD_FAILURE() << appended.error().detail;
    return appended.value_or(Appended{}).outcome;
  }
  CompleteOutcome complete_outcome(const FileId& id, const std::optional<Sha256>& expected) {
    const auto completed = store().complete(id, expected);
    if (!completed) ADD_FAILURE() << completed.error().detail;
    return completed.value_or(Completed{}).outcome;
  }
  void expect_invisible(const FileId& id) {
    const auto reader = store().read(id, 0, test::kToTheEnd);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
  }

  // Sends a file in random pieces, some checked, among attempts that must change nothing.
  void send_in_random_pieces(std::mt19937& random, const FileId& id) {
    const auto below = [&](std::uint64_t end) { return random() % end; };
    const std::string bytes = test::content(below(60'000), static_cast<std::uint32_t>(random()));
    const std::uint64_t chunk_size = bytes.size() / (1 + below(30)) + 1 + below(5'000);
    test::begin(store(), id, bytes.size(), chunk_size);
    std::uint64_t sent = 0;
    while (sent < bytes.size()) {
      if (below(8) == 0) harness_.reopen();
      EXPECT_EQ(append_outcome(id, sent + 1 + below(99), "x"), AppendOutcome::kWrongOffset);
      const std::uint64_t most = below(3) == 0 ? chunk_size : std::min<std::uint64_t>(chunk_size, 700);
      const auto piece = std::string_view(bytes).substr(sent, 1 + below(most));
      if (below(2) == 0) {
        const auto checksum = below(2) == 0 ? test::sha256_checksum(piece) : test::sha1_checksum(piece);
        const auto refused = store().append_checked(id, sent, test::content(piece.size(), 77) + "?", checksum);
        EXPECT_NE(refused->outcome, AppendOutcome::kStored);
        EXPECT_EQ(store().append_checked(id, sent, piece, checksum)->outcome, AppendOutcome::kStored);
      } else {
        test::append(store(), id, sent, piece);
      }
      sent += piece.size();
      const auto status = store().status(id);
      ASSERT_TRUE(status);
      ASSERT_EQ(status->info.received, sent);
      ASSERT_EQ(status->chunks, test::chunks_of(std::string_view(bytes).substr(0, sent), chunk_size));
    }
    test::complete(store(), id, bytes);
    EXPECT_EQ(store().status(id)->chunks, test::chunks_of(bytes, chunk_size));
    const std::uint64_t from = below(bytes.size() + 1);
    const std::uint64_t length = below(bytes.size() + 1);
    EXPECT_EQ(test::read_range(store(), id, from, length), bytes.substr(from, length));
    EXPECT_EQ(test::read_range(store(), id), bytes);
  }

  Harness harness_;
  const FileId id_ = test::file_id(1);
};

TYPED_TEST_SUITE_P(FileStoreContract);

TYPED_TEST_P(FileStoreContract, AnEmptyStoreKnowsNoFile) {
  FileStore& store = this->store();
  EXPECT_TRUE(store.check());
  EXPECT_EQ(store.find(this->id_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.status(this->id_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.append(this->id_, 0, "x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.complete(this->id_, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store.expire(this->id_).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store.remove(this->id_));
  EXPECT_TRUE(store.unfinished(FileState::kUploading, test::kBegun * 2, 10)->empty());
  this->expect_invisible(this->id_);
}

TYPED_TEST_P(FileStoreContract, AFileComesBackAsItWasSent) {
  const std::string bytes = test::content(100'000);
  test::begin(this->store(), this->id_, bytes.size(), 30'000);
  test::append(this->store(), this->id_, 0, std::string_view(bytes).substr(0, 30'000));
  test::append(this->store(), this->id_, 30'000, std::string_view(bytes).substr(30'000));
  test::complete(this->store(), this->id_, bytes);
  const auto info = *this->store().find(this->id_);
  EXPECT_EQ(info.state, FileState::kComplete);
  EXPECT_EQ(info.size, 100'000U);
  EXPECT_EQ(info.received, 100'000U);
  EXPECT_EQ(info.chunk_size, 30'000U);
  EXPECT_EQ(info.begun_at, test::kBegun);
  EXPECT_EQ(info.checksum, sha256_of(bytes));
  EXPECT_EQ(test::read_range(this->store(), this->id_), bytes);
}

TYPED_TEST_P(FileStoreContract, DigestsAreThoseOfTheStandards) {
  EXPECT_EQ(to_hex(view_of(sha256_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(test::sha1_checksum("abc").bytes), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TYPED_TEST_P(FileStoreContract, WhatIsReceivedIsListedInChunksOfWhichTheLastMayGrow) {
  const std::string bytes = test::content(2'500);
  const std::string_view all(bytes);
  test::begin(this->store(), this->id_, bytes.size(), 1'000);
  EXPECT_TRUE(this->store().status(this->id_)->chunks.empty());
  std::uint64_t received = 0;
  for (const std::uint64_t next : {1, 999, 1'000, 1'001, 2'400, 2'500}) {
    test::append(this->store(), this->id_, received, all.substr(received, next - received));
    received = next;
    const auto status = *this->store().status(this->id_);
    EXPECT_EQ(status.info.received, received);
    EXPECT_EQ(status.info.state, FileState::kUploading);
    EXPECT_EQ(status.chunks, test::chunks_of(all.substr(0, received), 1'000));
  }
  test::complete(this->store(), this->id_, bytes);
  EXPECT_EQ(this->store().status(this->id_)->chunks, test::chunks_of(all, 1'000));
}

TYPED_TEST_P(FileStoreContract, AWrongOffsetIsAnsweredWithTheRightOne) {
  test::begin(this->store(), this->id_, 10, 5);
  test::append(this->store(), this->id_, 0, "abc");
  for (const std::uint64_t offset : {0ULL, 2ULL, 4ULL, 10ULL, 11ULL, ~0ULL}) {
    const auto appended = *this->store().append(this->id_, offset, "d");
    EXPECT_EQ(appended.outcome, AppendOutcome::kWrongOffset);
    EXPECT_EQ(appended.received, 3U);
  }
  test::append(this->store(), this->id_, 3, "defghij");
  test::complete(this->store(), this->id_, "abcdefghij");
}

TYPED_TEST_P(FileStoreContract, MoreThanAnnouncedIsRefusedAsAWhole) {
  test::begin(this->store(), this->id_, 4, 4);
  test::append(this->store(), this->id_, 0, "ab");
  const auto appended = *this->store().append(this->id_, 2, "cde");
  EXPECT_EQ(appended.outcome, AppendOutcome::kTooLong);
  EXPECT_EQ(appended.received, 2U);
  test::append(this->store(), this->id_, 2, "cd");
  EXPECT_EQ(this->append_outcome(this->id_, 4, "e"), AppendOutcome::kTooLong);
  test::append(this->store(), this->id_, 4, "");
  test::complete(this->store(), this->id_, "abcd");
}

TYPED_TEST_P(FileStoreContract, ACheckedAppendKeepsNothingOfAMismatch) {
  FileStore& store = this->store();
  test::begin(store, this->id_, 6, 3);
  const auto wrong = *store.append_checked(this->id_, 0, "abd", test::sha256_checksum("abc"));
  EXPECT_EQ(wrong.outcome, AppendOutcome::kChecksumMismatch);
  EXPECT_EQ(wrong.received, 0U);
  EXPECT_TRUE(store.status(this->id_)->chunks.empty());
  EXPECT_EQ(store.append_checked(this->id_, 0, "abc", test::sha256_checksum("abc"))->received, 3U);
  EXPECT_EQ(store.append_checked(this->id_, 3, "dex", test::sha1_checksum("def"))->outcome,
            AppendOutcome::kChecksumMismatch);
  EXPECT_EQ(store.append_checked(this->id_, 3, "def", {DigestAlgorithm::kSha256, ""})->outcome,
            AppendOutcome::kChecksumMismatch);
  EXPECT_EQ(store.append_checked(this->id_, 3, "def", test::sha1_checksum("def"))->received, 6U);
  test::complete(store, this->id_, "abcdef");
}

TYPED_TEST_P(FileStoreContract, AFileOfNoBytesIsAFile) {
  test::begin(this->store(), this->id_, 0, 1'000);
  EXPECT_EQ(this->append_outcome(this->id_, 0, "x"), AppendOutcome::kTooLong);
  test::complete(this->store(), this->id_, "");
  EXPECT_EQ(this->store().find(this->id_)->size, 0U);
  EXPECT_TRUE(this->store().status(this->id_)->chunks.empty());
  EXPECT_EQ(test::read_range(this->store(), this->id_), "");
}

TYPED_TEST_P(FileStoreContract, CompletingTooEarlyLetsTheUploadGoOn) {
  test::begin(this->store(), this->id_, 4, 4);
  test::append(this->store(), this->id_, 0, "abc");
  const auto completed = *this->store().complete(this->id_, sha256_of("abc"));
  EXPECT_EQ(completed.outcome, CompleteOutcome::kIncomplete);
  EXPECT_EQ(completed.info.received, 3U);
  this->expect_invisible(this->id_);
  test::append(this->store(), this->id_, 3, "d");
  this->expect_invisible(this->id_);
  test::complete(this->store(), this->id_, "abcd");
}

TYPED_TEST_P(FileStoreContract, AFileWithAnotherChecksumHasFailedAndNeverBecomesVisible) {
  test::begin(this->store(), this->id_, 4, 4);
  test::append(this->store(), this->id_, 0, "abcd");
  const auto completed = *this->store().complete(this->id_, sha256_of("abce"));
  EXPECT_EQ(completed.outcome, CompleteOutcome::kChecksumMismatch);
  EXPECT_EQ(completed.info.state, FileState::kFailed);
  this->harness_.reopen();
  EXPECT_EQ(this->complete_outcome(this->id_, sha256_of("abcd")), CompleteOutcome::kClosed);
  const auto appended = *this->store().append(this->id_, 0, "abcd");
  EXPECT_EQ(appended.outcome, AppendOutcome::kClosed);
  EXPECT_EQ(appended.state, FileState::kFailed);
  const auto status = *this->store().status(this->id_);
  EXPECT_EQ(status.info.state, FileState::kFailed);
  EXPECT_EQ(status.info.size, 4U);
  EXPECT_EQ(status.info.received, 0U);
  EXPECT_TRUE(status.chunks.empty());
  this->expect_invisible(this->id_);
}

TYPED_TEST_P(FileStoreContract, CompletingAgainChangesNothing) {
  test::put_file(this->store(), this->id_, "abcd", 4);
  this->harness_.reopen();
  const auto again = *this->store().complete(this->id_, sha256_of("abcd"));
  EXPECT_EQ(again.outcome, CompleteOutcome::kComplete);
  EXPECT_EQ(again.info.checksum, sha256_of("abcd"));
  EXPECT_EQ(this->complete_outcome(this->id_, {}), CompleteOutcome::kComplete);
  EXPECT_EQ(this->complete_outcome(this->id_, sha256_of("other")), CompleteOutcome::kChecksumMismatch);
  const auto appended = *this->store().append(this->id_, 4, "e");
  EXPECT_EQ(appended.outcome, AppendOutcome::kClosed);
  EXPECT_EQ(appended.state, FileState::kComplete);
  EXPECT_EQ(appended.received, 4U);
  EXPECT_EQ(test::read_range(this->store(), this->id_), "abcd");
}

TYPED_TEST_P(FileStoreContract, WithoutAChecksumTheStoreTellsIt) {
  test::begin(this->store(), this->id_, 4, 4);
  test::append(this->store(), this->id_, 0, "abcd");
  EXPECT_EQ(this->store().complete(this->id_, {})->info.checksum, sha256_of("abcd"));
}

TYPED_TEST_P(FileStoreContract, RangesAreCutAtTheEnd) {
  const std::string bytes = test::content(5'000);
  test::put_file(this->store(), this->id_, bytes, 1'000);
  const auto range = [&](std::uint64_t offset, std::uint64_t length) {
    return test::read_range(this->store(), this->id_, offset, length);
  };
  EXPECT_EQ(range(0, 1), bytes.substr(0, 1));
  EXPECT_EQ(range(999, 2'002), bytes.substr(999, 2'002));
  EXPECT_EQ(range(4'999, 1), bytes.substr(4'999));
  EXPECT_EQ(range(4'999, test::kToTheEnd), bytes.substr(4'999));
  EXPECT_EQ(range(5'000, 10), "");
  EXPECT_EQ(range(test::kToTheEnd, test::kToTheEnd), "");
  EXPECT_EQ(range(7, 0), "");
  const auto reader = *this->store().read(this->id_, 4'000, test::kToTheEnd);
  EXPECT_EQ(reader->remaining(), 1'000U);
  std::string piece(600, '\0');
  EXPECT_EQ(*reader->read(piece), 600U);
  EXPECT_EQ(reader->remaining(), 400U);
  EXPECT_EQ(*reader->read(piece), 400U);
  EXPECT_EQ(*reader->read(piece), 0U);
}

TYPED_TEST_P(FileStoreContract, AnExpiredUploadIsClosed) {
  test::begin(this->store(), this->id_, 4, 4);
  test::append(this->store(), this->id_, 0, "abcd");
  EXPECT_EQ(*this->store().expire(this->id_), FileState::kExpired);
  EXPECT_EQ(*this->store().expire(this->id_), FileState::kExpired);
  this->harness_.reopen();
  EXPECT_EQ(this->store().append(this->id_, 0, "abcd")->state, FileState::kExpired);
  const auto completed = *this->store().complete(this->id_, {});
  EXPECT_EQ(completed.outcome, CompleteOutcome::kClosed);
  EXPECT_EQ(completed.info.state, FileState::kExpired);
  EXPECT_EQ(completed.info.received, 0U);
  this->expect_invisible(this->id_);
}

TYPED_TEST_P(FileStoreContract, ACompleteFileDoesNotExpire) {
  test::put_file(this->store(), this->id_, "abcd", 4);
  EXPECT_EQ(*this->store().expire(this->id_), FileState::kComplete);
  EXPECT_EQ(test::read_range(this->store(), this->id_), "abcd");
}

TYPED_TEST_P(FileStoreContract, WhatIsRemovedIsForgottenInEveryState) {
  FileStore& store = this->store();
  for (int i = 0; i < 4; ++i) {
    test::begin(store, test::file_id(i), 4, 4);
    test::append(store, test::file_id(i), 0, "abcd");
  }
  test::complete(store, test::file_id(1), "abcd");
  EXPECT_EQ(this->complete_outcome(test::file_id(2), sha256_of("x")), CompleteOutcome::kChecksumMismatch);
  EXPECT_TRUE(store.expire(test::file_id(3)));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(this->store().remove(test::file_id(i)));
    this->harness_.reopen();
    EXPECT_EQ(this->store().find(test::file_id(i)).error().code, ErrorCode::kNotFound);
    this->expect_invisible(test::file_id(i));
    EXPECT_TRUE(this->store().remove(test::file_id(i)));
    test::put_file(this->store(), test::file_id(i), "new", 2);
    EXPECT_EQ(test::read_range(this->store(), test::file_id(i)), "new");
  }
}

TYPED_TEST_P(FileStoreContract, AnIdIsTakenOnce) {
  test::begin(this->store(), this->id_, 4, 4);
  const NewUpload again{this->id_, 4, 4, test::kBegun};
  EXPECT_EQ(this->store().begin(again).error().code, ErrorCode::kConflict);
  test::append(this->store(), this->id_, 0, "abcd");
  test::complete(this->store(), this->id_, "abcd");
  EXPECT_EQ(this->store().begin(again).error().code, ErrorCode::kConflict);
  EXPECT_EQ(test::read_range(this->store(), this->id_), "abcd");
}

TYPED_TEST_P(FileStoreContract, TheLimitsAreTwoGibibytesAndTenThousandChunks) {
  FileStore& store = this->store();
  const std::uint64_t chunk = 8 << 20;
  EXPECT_EQ(kMaxFileBytes, 2'147'483'648U);
  EXPECT_TRUE(store.begin({test::file_id(1), kMaxFileBytes, chunk, 0}));
  EXPECT_EQ(store.find(test::file_id(1))->size, kMaxFileBytes);
  EXPECT_EQ(store.begin({test::file_id(2), kMaxFileBytes + 1, chunk, 0}).error().code, ErrorCode::kBodyTooLarge);
  EXPECT_EQ(store.begin({test::file_id(2), 10, 0, 0}).error().code, ErrorCode::kValidationFailed);
  EXPECT_EQ(store.begin({test::file_id(2), 100'001, 10, 0}).error().code, ErrorCode::kValidationFailed);
  EXPECT_TRUE(store.begin({test::file_id(2), 100'000, 10, 0}));
}

TYPED_TEST_P(FileStoreContract, UnfinishedUploadsAreFoundByStateAndAge) {
  FileStore& store = this->store();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(store.begin({test::file_id(i), 0, 1, 1'000 + i}));
  test::complete(store, test::file_id(0), "");
  ASSERT_TRUE(store.expire(test::file_id(1)));
  EXPECT_EQ(this->complete_outcome(test::file_id(2), sha256_of("x")), CompleteOutcome::kChecksumMismatch);
  const auto found = [&](FileState state, TimestampMs before) { return *store.unfinished(state, before, 10); };
  using testing::UnorderedElementsAre;
  EXPECT_THAT(found(FileState::kUploading, 9'999),
              UnorderedElementsAre(test::file_id(3), test::file_id(4), test::file_id(5)));
  EXPECT_THAT(found(FileState::kUploading, 1'005), UnorderedElementsAre(test::file_id(3), test::file_id(4)));
  EXPECT_THAT(found(FileState::kExpired, 9'999), UnorderedElementsAre(test::file_id(1)));
  EXPECT_THAT(found(FileState::kFailed, 9'999), UnorderedElementsAre(test::file_id(2)));
  EXPECT_TRUE(found(FileState::kFailed, 1'002).empty());
  EXPECT_EQ(store.unfinished(FileState::kUploading, 9'999, 2)->size(), 2U);
  EXPECT_TRUE(store.unfinished(FileState::kUploading, 9'999, 0)->empty());
}

TYPED_TEST_P(FileStoreContract, OfManyThatAppendAtOnceOneIsStored) {
  constexpr int kWriters = 4;
  constexpr std::uint64_t kPiece = 5'000;
  constexpr std::uint64_t kPieces = 10;
  FileStore& store = this->store();
  test::begin(store, this->id_, kPieces * kPiece, 7'000);
  std::string bytes;
  for (std::uint64_t round = 0; round < kPieces; ++round) {
    std::atomic<int> winner = -1;
    std::atomic<int> stored = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        const auto appended = store.append(this->id_, round * kPiece, test::content(kPiece, i));
        if (!appended) {
          EXPECT_EQ(appended.error().code, ErrorCode::kConflict);
        } else if (appended->outcome == AppendOutcome::kStored) {
          ++stored;
          winner = i;
        } else {
          EXPECT_EQ(appended->outcome, AppendOutcome::kWrongOffset);
        }
        const auto status = store.status(this->id_);
        EXPECT_TRUE(status);
      });
    }
    for (std::thread& writer : writers) writer.join();
    ASSERT_EQ(stored, 1);
    bytes += test::content(kPiece, static_cast<std::uint32_t>(winner.load()));
  }
  test::complete(store, this->id_, bytes);
}

TYPED_TEST_P(FileStoreContract, AnyPiecesMakeTheSameFile) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    this->send_in_random_pieces(random, test::file_id(static_cast<int>(seed)));
    if (this->HasFatalFailure()) return;
  }
}

REGISTER_TYPED_TEST_SUITE_P(FileStoreContract, AnEmptyStoreKnowsNoFile, AFileComesBackAsItWasSent,
                            DigestsAreThoseOfTheStandards, WhatIsReceivedIsListedInChunksOfWhichTheLastMayGrow,
                            AWrongOffsetIsAnsweredWithTheRightOne, MoreThanAnnouncedIsRefusedAsAWhole,
                            ACheckedAppendKeepsNothingOfAMismatch, AFileOfNoBytesIsAFile,
                            CompletingTooEarlyLetsTheUploadGoOn,
                            AFileWithAnotherChecksumHasFailedAndNeverBecomesVisible, CompletingAgainChangesNothing,
                            WithoutAChecksumTheStoreTellsIt, RangesAreCutAtTheEnd, AnExpiredUploadIsClosed,
                            ACompleteFileDoesNotExpire, WhatIsRemovedIsForgottenInEveryState, AnIdIsTakenOnce,
                            TheLimitsAreTwoGibibytesAndTenThousandChunks, UnfinishedUploadsAreFoundByStateAndAge,
                            OfManyThatAppendAtOnceOneIsStored, AnyPiecesMakeTheSameFile);

}  // namespace c4a
