#include "message_store/wal_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "message_store/crc32c.h"

namespace c4a::rocks {
namespace {

// Writes RocksDB's log format, as its own writer does.
class LogWriter {
 public:
  std::string bytes;
  std::vector<std::size_t> ends;  // of the records

  void add(std::string_view record) {
    bool first = true;
    do {
      std::size_t left = kBlock - bytes.size() % kBlock;
      if (left < 7) {
        bytes.append(left, '\0');
        left = kBlock;
      }
      const std::size_t length = std::min(record.size(), left - 7);
      const bool last = length == record.size();
      add_fragment(first ? (last ? 1 : 2) : (last ? 4 : 3), record.substr(0, length));
      record.remove_prefix(length);
      first = false;
      if (last) break;
    } while (true);
    ends.push_back(bytes.size());
  }

 private:
  static constexpr std::size_t kBlock = 32 * 1024;

  void add_fragment(int type, std::string_view payload) {
    const std::string covered = static_cast<char>(type) + std::string(payload);
    const std::uint32_t crc = crc32c(covered);
    const std::uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8U;
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(masked >> (8 * i)));
    bytes.push_back(static_cast<char>(payload.size()));
    bytes.push_back(static_cast<char>(payload.size() >> 8));
    bytes += covered;
  }
};

std::string random_bytes(std::mt19937_64& random, std::size_t length) {
  std::string made(length, ' ');
  for (char& byte : made) byte = static_cast<char>(random());
  return made;
}

LogWriter sample(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  LogWriter log;
  for (std::size_t records = 3 + random() % 20; records > 0; --records) {
    log.add(random_bytes(random, random() % 4 == 0 ? random() % 100'000 : random() % 500));
  }
  return log;
}

TEST(WalCheckTest, AWholeLogIsCleanToItsEnd) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const LogWriter log = sample(seed);
    const WalCheck check = check_wal(log.bytes);
    EXPECT_TRUE(check.clean);
    EXPECT_EQ(check.good_bytes, log.bytes.size());
  }
  EXPECT_TRUE(check_wal("").clean);
}

TEST(WalCheckTest, ZerosBehindTheRecordsAreNoDamage) {
  const LogWriter log = sample(1);
  const WalCheck check = check_wal(log.bytes + std::string(100'000, '\0'));
  EXPECT_TRUE(check.clean);
  EXPECT_EQ(check.good_bytes, log.bytes.size());
  EXPECT_EQ(check_wal(std::string(50'000, '\0')).good_bytes, 0U);
}

TEST(WalCheckTest, AShortLastRecordEndsTheLogBeforeIt) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const LogWriter log = sample(seed);
    const std::size_t before = log.ends[log.ends.size() - 2];
    const std::size_t cut = before + 1 + random() % (log.ends.back() - before - 1);
    for (const std::string& tail : {std::string(), std::string(70'000, '\0')}) {
      const WalCheck check = check_wal(log.bytes.substr(0, cut) + tail);
      EXPECT_EQ(check.good_bytes, before);
      EXPECT_FALSE(check.records_behind);
    }
  }
}

TEST(WalCheckTest, ADamagedLastRecordEndsTheLogBeforeIt) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    LogWriter log = sample(seed);
    log.add(random_bytes(random, 70'000));
    const std::size_t before = log.ends[log.ends.size() - 2];
    log.bytes[before + 10 + random() % (log.ends.back() - before - 10)] ^= 0x55;
    const WalCheck check = check_wal(log.bytes);
    EXPECT_FALSE(check.clean);
    EXPECT_EQ(check.good_bytes, before);
    EXPECT_FALSE(check.records_behind);
  }
}

TEST(WalCheckTest, DamageBeforeWholeRecordsIsToldApart) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    LogWriter log = sample(seed);
    const std::size_t victim = random() % (log.ends.size() - 1);
    const std::size_t start = victim == 0 ? 0 : log.ends[victim - 1];
    const std::size_t at = start + random() % (log.ends[victim] - start);
    log.bytes[at] ^= 0x55;
    const WalCheck check = check_wal(log.bytes);
    if (check.clean) continue;  // the byte was in the unused end of a block
    EXPECT_EQ(check.good_bytes, start);
    EXPECT_TRUE(check.records_behind);
  }
}

}  // namespace
}  // namespace c4a::rocks
