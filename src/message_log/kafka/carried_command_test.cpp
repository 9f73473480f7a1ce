#include "message_log/kafka/carried_command.h"

#include <gtest/gtest.h>

#include "message_log/command_codec.h"

namespace c4a {
namespace {

std::string bytes_of(Request request) { return encode_command({{}, {"ana"}, 5, 9, std::move(request)}, {77, 99}); }

TEST(CarriedCommandTest, WhatMayBeThereTwiceGoesOnAsItIs) {
  for (const Request& request :
       std::vector<Request>{Acknowledge{{"phone"}, Seq{3}, {}, true}, CreateConversation{}, DeleteMessage{},
                            DeleteConversation{}, Typing{}, RemoveMember{{"bia"}, true}}) {
    EXPECT_EQ(carried_command(bytes_of(request)), bytes_of(request)) << request.index();
  }
}

// The old generation may have it, and behind it the command that it would undo.
TEST(CarriedCommandTest, WhatWouldUndoALaterCommandDoesNotGoOn) {
  for (const Request& request :
       std::vector<Request>{EditMessage{}, ReactToMessage{}, OpenDevice{}, AddMember{}, UpdateMember{},
                            RemoveMember{{"bia"}, false}, UpdateConversation{"{}"}}) {
    EXPECT_FALSE(carried_command(bytes_of(request))) << request.index();
  }
}

// A router finds the ids that gateways make among the latest messages only, and many may have been sent since.
TEST(CarriedCommandTest, ASendIsLookedForInTheStoreWhoeverMadeItsId) {
  EXPECT_EQ(carried_command(bytes_of(SendMessage{{}, false})), bytes_of(SendMessage{{}, true}));
  EXPECT_EQ(carried_command(bytes_of(SendMessage{{}, true})), bytes_of(SendMessage{{}, true}));
}

TEST(CarriedCommandTest, WhatIsNoCommandDoesNotGoOn) { EXPECT_FALSE(carried_command("x")); }

}  // namespace
}  // namespace c4a
