// restart: SIGKILL with much stored; how soon it serves again, and whether everything acknowledged is still there.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/bulk_load.h"
#include "bench/server_process.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kSenders = 64;

}  // namespace

Result<Report> run_restart(Flags& flags) {
  const auto messages = flags.number("messages", 1'000'000, 1, 1'000'000'000, "messages stored before the kill");
  const auto conversation_count = flags.number("conversations", 6400, 64, 10'000'000, "conversations they go to");
  const auto binary = flags.text("binary", "build/release/chat4all", "the server, started by this workload itself");
  const auto scratch = flags.text("scratch", ".", "where a folder for its data is made");
  C4A_CHECK(flags.check());
  Report report("restart");
  report.parameter("messages", messages);
  report.parameter("conversations", conversation_count);

  C4A_TRY(const auto folder, ScratchFolder::make(scratch));
  C4A_TRY(auto server, ServerProcess::start(binary, folder->path()));
  auto target = server->target();
  Poller poller;
  C4A_TRY(const auto senders, make_users(poller, target, "restart", kSenders, true));
  C4A_TRY(const auto peers, make_users(poller, target, "peer", (conversation_count + kSenders - 1) / kSenders, false));
  std::vector<Members> members;
  std::vector<BenchUser> readers;
  for (std::size_t c = 0; c < conversation_count; ++c) {
    members.push_back({senders[c % kSenders].id, peers[c / kSenders].id});
    readers.push_back(senders[c % kSenders]);
  }
  C4A_TRY(const auto ids, make_private_conversations(poller, target, members));
  std::vector<BulkConversation> conversations;
  for (const auto& id : ids) conversations.push_back({id});
  {
    C4A_TRY(const auto load, BulkLoad::open(poller, target, senders, {.progress = "restart"}));
    std::vector<std::size_t> next(kSenders);
    const auto choose = [&](std::size_t sender) -> BulkConversation& {
      const auto own = (conversations.size() - sender + kSenders - 1) / kSenders;
      return conversations[sender + next[sender]++ % own * kSenders];
    };
    C4A_CHECK(load->send(messages, choose));
    report.violations(load->violations());
    server->kill();
  }
  const auto killed = now_us();
  C4A_TRY(server, ServerProcess::start(binary, folder->path(), target.server.port));
  report.metric("ready_after", static_cast<double>(now_us() - killed) / 1000, "ms");
  C4A_CHECK(read_last_seqs(poller, target, std::span(ids).first(1), std::span(readers).first(1)));
  report.metric("serving_after", static_cast<double>(now_us() - killed) / 1000, "ms");

  C4A_TRY(const auto seqs, read_last_seqs(poller, target, ids, readers));
  Violations violations;
  for (std::size_t c = 0; c < seqs.size(); ++c) {
    if (seqs[c] == conversations[c].sent) continue;
    violations.add(
        fmt::format("{} ends at seq {} after the kill, {} were acknowledged", ids[c], seqs[c], conversations[c].sent));
  }
  report.violations(violations);
  return report;
}

}  // namespace c4a::bench
