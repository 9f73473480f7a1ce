#pragma once

// Users, tokens and conversations, made through the public API with the admin key.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/flags.h"
#include "bench/poller.h"

namespace c4a::bench {

// The server under test.
struct Target {
  Endpoint server;
  std::string admin_key;
  pid_t server_pid = 0;  // 0: found through the port, see find_server
};

// --admin-key, or CHAT4ALL_ADMIN_KEY; empty where neither is given.
std::string admin_key_from(Flags& flags);
std::unexpected<Error> no_admin_key();

// "127.0.0.1:8080"; port 0 where there is none.
Endpoint endpoint_of(std::string_view address);
// --servers: several addresses of one installation. Fails with: kInvalidRequest.
Result<std::vector<Endpoint>> servers_from(Flags& flags);

// --target, --admin-key (or CHAT4ALL_ADMIN_KEY) and --server-pid.
Target target_from(Flags& flags);

// Fills in server_pid. Fails with: kUnavailable, and kInvalidRequest where there is no admin key.
Result<void> find_server(Target& target);

struct BenchUser {
  std::string id;
  std::string token;  // empty unless asked for
};

// Ids are new in every run, so that a server can be measured again and again.
// Each fails with: kUnavailable, where the server answers anything but a success.
Result<std::vector<BenchUser>> make_users(Poller& poller, const Target& target, std::string_view role,
                                          std::size_t count, bool with_tokens);

struct Members {
  std::string_view owner;
  std::string_view other;
};

// Conversation ids, in the order of `pairs`. `progress` names the work on stderr from time to time; empty: silent.
Result<std::vector<std::string>> make_private_conversations(Poller& poller, const Target& target,
                                                            std::span<const Members> pairs,
                                                            std::string_view progress = {});

// Two new users, with tokens, and their private conversation.
struct UserPair {
  BenchUser first;
  BenchUser second;
  std::string conversation;
};
Result<std::vector<UserPair>> make_pairs(Poller& poller, const Target& target, std::string_view role,
                                         std::size_t count);

Result<std::string> make_group(Poller& poller, const Target& target, std::span<const BenchUser> members);

// last_seq of each conversation, read by the given users.
Result<std::vector<std::uint64_t>> read_last_seqs(Poller& poller, const Target& target,
                                                  std::span<const std::string> conversations,
                                                  std::span<const BenchUser> readers);

}  // namespace c4a::bench
