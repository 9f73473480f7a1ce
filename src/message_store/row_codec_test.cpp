#include "message_store/row_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "base/byte_codec.h"
#include "message_store/crc32c.h"
#include "message_store/rocks_keys.h"

namespace c4a::rocks {
namespace {

// Rows of every shape, from a seed.
class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  std::uint64_t number() { return random_() >> (random_() % 64); }
  bool coin() { return (random_() & 1) != 0; }
  TimestampMs time() { return static_cast<TimestampMs>(random_() % 4'000'000'000'000) - 2'000'000'000'000; }
  std::string text() {
    std::string made(random_() % 5 == 0 ? 300 : random_() % 12, ' ');
    for (char& byte : made) byte = static_cast<char>(random_());
    return coin() ? std::string() : made;
  }
  template <class Array>
  void fill(Array& bytes) {
    if (coin()) return;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
  }
  std::size_t few() { return random_() % 4; }

  Message message() {
    Message row;
    fill(row.message_id.uuid.bytes);
    fill(row.conversation_id.uuid.bytes);
    row.seq = {number()};
    row.from.text = text();
    row.from_device.text = text();
    row.created_at = time();
    row.routed_at = time();
    row.payload_type = coin() ? PayloadType::kText : PayloadType::kFile;
    row.payload = text();
    row.metadata = coin() ? "{}" : text();
    if (coin()) fill(row.reply_to.emplace().uuid.bytes);
    for (std::size_t i = few(); i > 0; --i) row.to.push_back({text()});
    if (coin()) {
      row.channels.emplace();
      for (std::size_t i = few(); i > 0; --i) row.channels->push_back(text());
    }
    row.request_delivery_receipt = coin();
    fill(row.digest);
    fill(row.trace_id);
    if (coin()) row.edited_at = time();
    if (coin()) row.deleted_at = time();
    return row;
  }
  Conversation conversation() {
    return {{},         coin() ? ConversationType::kPrivate : ConversationType::kGroup,
            text(),     {text()},
            time(),     {number()},
            {number()}, coin(),
            {number()}};
  }
  Member member() {
    Member row;
    row.role = static_cast<Role>(1 + random_() % 3);
    row.joined_at = time();
    row.visible_after = {number()};
    row.joined_after = {number()};
    row.joined_version = {number()};
    if (coin()) row.left_at = time();
    row.left_at_seq = {number()};
    row.left_at_version = {number()};
    for (std::size_t i = few(); i > 0; --i) row.earlier.push_back({{number()}, {number()}});
    return row;
  }
  Progress progress() {
    Progress row{{number()}, {number()}, {}};
    for (std::size_t i = few(); i > 0; --i) row.devices.push_back({{text()}, {number()}, {number()}});
    return row;
  }
  Change change() {
    Change row;
    row.type = static_cast<ChangeType>(1 + random_() % 8);
    row.by = {text()};
    row.at = time();
    fill(row.message_id.uuid.bytes);
    row.seq = {number()};
    row.emoji = text();
    row.user_id = {text()};
    row.role = static_cast<Role>(1 + random_() % 3);
    row.metadata = text();
    return row;
  }
  ReceiptEvent receipt() {
    ReceiptEvent row;
    fill(row.conversation_id.uuid.bytes);
    fill(row.message_id.uuid.bytes);
    row.seq = {number()};
    row.user_id = {text()};
    row.status = static_cast<MessageStatus>(1 + random_() % 5);
    row.at = time();
    return row;
  }
  Device device() {
    Device row{{}, time(), time(), {}};
    for (std::size_t i = few(); i > 0; --i)
      row.receipts_seen.add({{number() + 1}, static_cast<std::uint32_t>(number())});
    return row;
  }

 private:
  std::mt19937_64 random_;
};

// A row is equal when it has the same bytes; the fields themselves are compared by the contract suite. No beginning of
// the bytes is a row, nor are bytes of the next version.
template <class Row>
void expect_round_trip(const Row& row, void (*put)(std::string&, const Row&),
                       std::optional<Row> (*get)(std::string_view)) {
  std::string bytes = "left over from before";
  put(bytes, row);
  const auto read = get(bytes);
  ASSERT_TRUE(read);
  std::string again;
  put(again, *read);
  ASSERT_EQ(bytes, again);
  for (std::size_t length = 0; length < bytes.size(); ++length) ASSERT_FALSE(get(bytes.substr(0, length)));
  ASSERT_FALSE(get(bytes + "x"));
  bytes[0] = kRowVersion + 1;
  ASSERT_FALSE(get(bytes));
}

TEST(RowCodecTest, EveryRowComesBackFromItsBytes) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    RandomRows rows(seed);
    expect_round_trip(rows.message(), put_message, get_message);
    expect_round_trip(rows.conversation(), put_conversation, get_conversation);
    expect_round_trip(rows.member(), put_member, get_member);
    expect_round_trip(rows.progress(), put_progress, get_progress);
    expect_round_trip(rows.change(), put_change, get_change);
    expect_round_trip(rows.receipt(), put_receipt, get_receipt);
    expect_round_trip(rows.device(), put_device, get_device);
    expect_round_trip({{rows.number()}, rows.time()}, put_id, get_id);
    expect_round_trip(
        rows.number(), +[](std::string& out, const std::uint64_t& number) { put_number(out, number); }, get_number);
  }
}

TEST(RowCodecTest, AMessagesHeaderAndTimeAreReadWithoutTheRest) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Message message = RandomRows(seed).message();
    std::string bytes;
    put_message(bytes, message);
    const auto header = get_header(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->message_id, message.message_id);
    EXPECT_EQ(header->from, message.from);
    EXPECT_EQ(header->digest, message.digest);
    EXPECT_EQ(header->to, message.to);
    EXPECT_EQ(header->created_at, message.created_at);
    EXPECT_EQ(header->request_delivery_receipt, message.request_delivery_receipt);
    EXPECT_EQ(time_of(bytes), message.created_at);
    put_time(bytes, message.created_at);
    EXPECT_EQ(time_of(bytes), message.created_at);
  }
}

TEST(RowCodecTest, DamagedBytesAreReadWithoutHarm) {
  std::mt19937_64 random(3);
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::string bytes;
    put_message(bytes, RandomRows(seed).message());
    for (int flips = 0; flips < 20; ++flips) {
      bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
      get_message(bytes);
      get_header(bytes);
      get_member(bytes);
      get_progress(bytes);
      get_change(bytes);
    }
  }
}

TEST(RowCodecTest, AnOrdinaryMessageTakesFewBytesBesidesItsPayload) {
  Message message;
  message.from = {"user-12345"};
  message.created_at = 1'700'000'000'000;
  message.routed_at = message.created_at + 3;
  message.payload = std::string(300, 'x');
  std::string bytes;
  put_message(bytes, message);
  EXPECT_LE(bytes.size() - message.payload.size(), 56U);
}

TEST(RocksKeysTest, KeysSortAsTheirPartsDo) {
  const ConversationId id{Uuid::from_name("one")};
  const auto key = [](std::string_view made) { return std::string(made); };
  KeyWriter w;
  EXPECT_LT(key(w.message(id, {2})), key(w.message(id, {256})));
  EXPECT_LT(key(w.change(id, {255})), key(w.change(id, {256})));
  EXPECT_LT(key(w.move(id, {"bob"}, HorizonMove::Kind::kRead, {900})),
            key(w.move(id, {"bobby"}, HorizonMove::Kind::kRead, {1})));
  EXPECT_LT(key(w.reaction(id, {1}, "a", {"zoe"})), key(w.reaction(id, {1}, "ab", {"al"})));
  EXPECT_LT(key(w.reaction(id, {1}, "a", {"z"})), key(w.reaction(id, {1}, std::string("a\0", 2), {"a"})));
  EXPECT_LT(key(w.receipt({"bob"}, {1}, 70'000)), key(w.receipt({"bob"}, {2}, 0)));
  EXPECT_LT(key(w.receipt({"bob"}, {2}, 255)), key(w.receipt({"bob"}, {2}, 256)));
}

TEST(RocksKeysTest, ReactionsComeBackFromTheirKeys) {
  const ConversationId id{Uuid::from_name("one")};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string emoji = RandomRows(seed).text();
    const auto read = reaction_in(KeyWriter().reaction(id, {seed}, emoji, {"bob"}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->emoji, emoji);
    EXPECT_EQ(read->user.text, "bob");
  }
}

TEST(RocksKeysTest, TheEndOfAPrefixIsBehindItsKeysAndBeforeTheNext) {
  EXPECT_EQ(end_of("ab"), "ac");
  EXPECT_EQ(end_of("a\xff"), "b");
  EXPECT_GT(end_of("\xff\xff"), std::string("\xff\xff\xff"));
}

TEST(Crc32cTest, TheCheckValueOfTheStandardIsRight) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

}  // namespace
}  // namespace c4a::rocks
