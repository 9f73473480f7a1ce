#include "message_log/command_codec.h"

#include <gtest/gtest.h>

#include <random>

namespace c4a {
namespace {

UserId user(const char* name) { return {name}; }
MessageId message_id(const char* name) { return {Uuid::from_name(name)}; }

Message full_message() {
  Message message;
  message.message_id = message_id("m");
  message.from = user("ana");
  message.from_device = {"phone"};
  message.created_at = 1'764'000'000'123;
  message.payload = R"({"type":"text","text":"olá"})";
  message.metadata = R"({"a":1})";
  message.reply_to = message_id("r");
  message.to = {user("bia"), user("caio")};
  message.channels = {{"telegram"}};
  message.request_delivery_receipt = true;
  message.digest = {1, 2, 3};
  message.trace_id = {9, 8};
  return message;
}

std::vector<Request> one_of_each() {
  return {CreateConversation{ConversationType::kGroup, {user("ana"), user("bia")}, R"({"title":"x"})"},
          SendMessage{full_message(), true},
          EditMessage{message_id("m"), PayloadType::kText, "{}"},
          DeleteMessage{message_id("m")},
          ReactToMessage{message_id("m"), "👍", false},
          Acknowledge{{"phone"}, Seq{300}, Version{7}, true},
          OpenDevice{{"phone"}, {{"old"}, {"older"}}},
          AddMember{user("bia"), Role::kAdmin, false},
          UpdateMember{user("bia"), Role::kOwner},
          RemoveMember{user("bia"), true},
          UpdateConversation{R"({"a":null})"},
          DeleteConversation{},
          Typing{}};
}

Command command_of(Request request) {
  return {{Uuid::from_name("c")}, user("ana"), -5, 1ULL << 60, std::move(request)};
}

TEST(CommandCodecTest, EveryKindOfCommandComesBackAsItWas) {
  const auto requests = one_of_each();
  ASSERT_EQ(requests.size(), std::variant_size_v<Request>);
  for (const auto& request : requests) {
    const std::string bytes = encode_command(command_of(request), {77, 99});
    const auto decoded = decode_command(bytes);
    ASSERT_TRUE(decoded) << request.index() << ": " << decoded.error().detail;
    EXPECT_EQ(decoded->command.request.index(), request.index());
    EXPECT_EQ(decoded->command.at, -5);
    EXPECT_EQ(decoded->command.session, 1ULL << 60);
    EXPECT_EQ(decoded->reply, (ReplyAddress{77, 99}));
    // Equal bytes are equal commands: every field is written.
    EXPECT_EQ(encode_command(decoded->command, decoded->reply), bytes) << request.index();
  }
}

TEST(CommandCodecTest, TheFieldsOfASendAreAllThere) {
  const auto decoded = decode_command(encode_command(command_of(SendMessage{full_message(), true}), {}));
  ASSERT_TRUE(decoded);
  const auto& send = std::get<SendMessage>(decoded->command.request);
  const Message expected = full_message();
  EXPECT_TRUE(send.id_from_client);
  EXPECT_EQ(send.message.message_id, expected.message_id);
  EXPECT_EQ(send.message.from_device, expected.from_device);
  EXPECT_EQ(send.message.payload, expected.payload);
  EXPECT_EQ(send.message.metadata, expected.metadata);
  EXPECT_EQ(send.message.reply_to, expected.reply_to);
  EXPECT_EQ(send.message.to, expected.to);
  EXPECT_EQ(send.message.channels, expected.channels);
  EXPECT_EQ(send.message.digest, expected.digest);
  EXPECT_EQ(send.message.trace_id, expected.trace_id);
  EXPECT_TRUE(send.message.request_delivery_receipt);
}

TEST(CommandCodecTest, AnotherVersionOrAnUnknownKindIsRefusedWithAReason) {
  std::string bytes = encode_command(command_of(Typing{}), {});
  bytes[0] = 2;
  EXPECT_EQ(decode_command(bytes).error().code, ErrorCode::kCorrupt);
  bytes[0] = 1;
  bytes[1] = 100;
  EXPECT_NE(decode_command(bytes).error().detail.find("unknown kind"), std::string::npos);
}

TEST(CommandCodecTest, EveryCutAndEveryTrailingByteIsNoticed) {
  for (const auto& request : one_of_each()) {
    const std::string bytes = encode_command(command_of(request), {1, 2});
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_command(std::string_view(bytes).substr(0, length))) << request.index() << " at " << length;
    }
    EXPECT_FALSE(decode_command(bytes + "x"));
  }
}

TEST(CommandCodecTest, DamagedBytesNeverDoMoreThanFail) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    auto requests = one_of_each();
    std::string bytes = encode_command(command_of(requests[random() % requests.size()]), {1, 2});
    bytes[2 + random() % (bytes.size() - 2)] = static_cast<char>(random());
    (void)decode_command(bytes);
  }
}

}  // namespace
}  // namespace c4a
