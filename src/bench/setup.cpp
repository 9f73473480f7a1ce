#include "bench/setup.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "bench/frame_scan.h"
#include "bench/http_client.h"
#include "bench/process_stats.h"

namespace c4a::bench {
namespace {

std::unexpected<Error> refused(std::string_view what, int status, std::string_view body) {
  return fail(ErrorCode::kUnavailable, fmt::format("{} was answered {}: {}", what, status, body.substr(0, 400)));
}

std::string new_prefix(std::string_view role) {
  static int calls = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("b{:x}{:x}-{}", now.tv_sec, now.tv_nsec / 1'000'000 * 100 + ++calls % 100, role);
}

}  // namespace

std::string admin_key_from(Flags& flags) {
  const char* key = std::getenv("CHAT4ALL_ADMIN_KEY");
  auto given = flags.text("admin-key", "", "admin key, instead of CHAT4ALL_ADMIN_KEY");
  return given.empty() && key != nullptr ? std::string(key) : given;
}

std::unexpected<Error> no_admin_key() {
  return fail(ErrorCode::kInvalidRequest, "an admin key is needed: --admin-key, or CHAT4ALL_ADMIN_KEY");
}

Endpoint endpoint_of(std::string_view address) {
  Endpoint endpoint;
  const auto colon = address.rfind(':');
  endpoint.ip = address.substr(0, colon);
  if (colon != std::string_view::npos) {
    endpoint.port = static_cast<std::uint16_t>(leading_number(address.substr(colon + 1)).value_or(0));
  }
  return endpoint;
}

Result<std::vector<Endpoint>> servers_from(Flags& flags) {
  const auto list = flags.text("servers", "127.0.0.1:8080", "addresses of the installation, separated by commas");
  std::vector<Endpoint> servers;
  for (std::string_view rest = list; !rest.empty();) {
    const auto comma = rest.find(',');
    servers.push_back(endpoint_of(rest.substr(0, comma)));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (servers.back().port != 0) continue;
    return fail(ErrorCode::kInvalidRequest, "--servers takes ADDR:PORT,ADDR:PORT");
  }
  if (servers.empty()) return fail(ErrorCode::kInvalidRequest, "--servers takes ADDR:PORT,ADDR:PORT");
  return servers;
}

Target target_from(Flags& flags) {
  Target target;
  target.server = endpoint_of(flags.text("target", "127.0.0.1:8080", "address and port of the server"));
  target.admin_key = admin_key_from(flags);
  target.server_pid = static_cast<pid_t>(
      flags.number("server-pid", 0, 0, 1ULL << 22U, "process to account CPU and memory to; 0: who listens there"));
  return target;
}

Result<void> find_server(Target& target) {
  if (target.admin_key.empty()) return no_admin_key();
  if (target.server_pid == 0) {
    C4A_TRY(target.server_pid, process_listening_on(target.server.port));
  }
  return {};
}

Result<std::vector<BenchUser>> make_users(Poller& poller, const Target& target, std::string_view role,
                                          std::size_t count, bool with_tokens) {
  const auto prefix = new_prefix(role);
  std::vector<BenchUser> users(count);
  const auto write_user = [&](std::size_t i, std::string& out) {
    users[i].id = fmt::format("{}-{}", prefix, i);
    append_request(out, "POST", "/v1/users", target.admin_key, fmt::format(R"({{"user_id":"{}"}})", users[i].id));
  };
  const auto read_user = [](std::size_t, int status, std::string_view body) -> Result<void> {
    if (status != 201) return refused("POST /v1/users", status, body);
    return {};
  };
  C4A_CHECK(run_requests(poller, target.server, count, write_user, read_user));
  if (!with_tokens) return users;

  KeyFinder token(R"("access_token":)");
  const auto write_token = [&](std::size_t i, std::string& out) {
    append_request(out, "POST", fmt::format("/v1/users/{}/tokens", users[i].id), target.admin_key, "{}");
  };
  const auto read_token = [&](std::size_t i, int status, std::string_view body) -> Result<void> {
    const auto found = token.text(body);
    if (status / 100 != 2 || !found) return refused("POST /v1/users/{user_id}/tokens", status, body);
    users[i].token = *found;
    return {};
  };
  C4A_CHECK(run_requests(poller, target.server, count, write_token, read_token));
  return users;
}

Result<std::vector<std::string>> make_private_conversations(Poller& poller, const Target& target,
                                                            std::span<const Members> pairs, std::string_view progress) {
  std::vector<std::string> ids(pairs.size());
  KeyFinder id(R"("conversation_id":)");
  std::size_t done = 0;
  const auto write = [&](std::size_t i, std::string& out) {
    const auto body = fmt::format(R"({{"type":"private","members":["{}","{}"]}})", pairs[i].owner, pairs[i].other);
    append_request(out, "POST", "/v1/conversations", target.admin_key, body, {"X-Act-As", pairs[i].owner});
  };
  const auto read = [&](std::size_t i, int status, std::string_view body) -> Result<void> {
    const auto found = id.text(body);
    // 200: the pair has one already, of a try that was answered otherwise.
    if ((status != 201 && status != 200) || !found) return refused("POST /v1/conversations", status, body);
    ids[i] = *found;
    if (!progress.empty() && ++done % 50'000 == 0) fmt::print(stderr, "{}: {} of {}\n", progress, done, ids.size());
    return {};
  };
  C4A_CHECK(run_requests(poller, target.server, pairs.size(), write, read));
  return ids;
}

Result<std::vector<UserPair>> make_pairs(Poller& poller, const Target& target, std::string_view role,
                                         std::size_t count) {
  C4A_TRY(auto users, make_users(poller, target, role, count * 2, true));
  std::vector<Members> members;
  for (std::size_t i = 0; i < users.size(); i += 2) members.push_back({users[i].id, users[i + 1].id});
  C4A_TRY(auto conversations, make_private_conversations(poller, target, members));
  std::vector<UserPair> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    pairs.push_back({std::move(users[i * 2]), std::move(users[i * 2 + 1]), std::move(conversations[i])});
  }
  return pairs;
}

Result<std::string> make_group(Poller& poller, const Target& target, std::span<const BenchUser> members) {
  std::string body = R"({"type":"group","members":[)";
  for (const auto& member : members) body += fmt::format(R"("{}",)", member.id);
  body.back() = ']';
  body += '}';
  std::string conversation;
  const auto write = [&](std::size_t, std::string& out) {
    append_request(out, "POST", "/v1/conversations", target.admin_key, body, {"X-Act-As", members[0].id});
  };
  const auto read = [&](std::size_t, int status, std::string_view answer) -> Result<void> {
    const auto found = KeyFinder(R"("conversation_id":)").text(answer);
    if (status != 201 || !found) return refused("POST /v1/conversations", status, answer);
    conversation = *found;
    return {};
  };
  C4A_CHECK(run_requests(poller, target.server, 1, write, read));
  return conversation;
}

Result<std::vector<std::uint64_t>> read_last_seqs(Poller& poller, const Target& target,
                                                  std::span<const std::string> conversations,
                                                  std::span<const BenchUser> readers) {
  std::vector<std::uint64_t> seqs(conversations.size());
  const auto write = [&](std::size_t i, std::string& out) {
    append_request(out, "GET", "/v1/conversations/" + conversations[i], readers[i].token, {});
  };
  const auto read = [&](std::size_t i, int status, std::string_view body) -> Result<void> {
    const auto found = KeyFinder(R"("last_seq":)").number(body);
    if (status != 200 || !found) return refused("GET /v1/conversations/{id}", status, body);
    seqs[i] = *found;
    return {};
  };
  C4A_CHECK(run_requests(poller, target.server, conversations.size(), write, read));
  return seqs;
}

}  // namespace c4a::bench
