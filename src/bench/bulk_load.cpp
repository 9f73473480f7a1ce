#include "bench/bulk_load.h"

#include <fmt/format.h>

#include "bench/ws_client.h"

namespace c4a::bench {
namespace {

constexpr std::int64_t kSilenceUs = 60'000'000;
constexpr std::uint64_t kProgressEvery = 500'000;

}  // namespace

class BulkLoad::Sender final : public WsListener {
 public:
  Sender(BulkLoad& load, std::size_t index)
      : socket(load.poller_, *this), load_(load), index_(index), under_way_(load.options_.window) {}

  void top_up() {
    while (load_.unsent_ > 0 && in_flight_ < under_way_.size()) {
      auto& conversation = (*load_.choose_)(index_);
      auto& slot = under_way_[next_ % under_way_.size()];
      if (slot.seq != 0) return;  // the oldest has no answer yet, though later ones have
      slot = {&conversation, ++conversation.sent};
      load_.writer_.append_frame(socket.new_frame(), next_++, conversation.id);
      ++in_flight_;
      --load_.unsent_;
    }
  }

  void on_frame(std::string_view frame, std::int64_t now) override {
    const auto kind = frame_kind(frame);
    if (kind == FrameKind::kStatus || kind == FrameKind::kOther) return;
    if (kind != FrameKind::kSent) return complain(frame);
    const auto ref = load_.ref_.text(frame);
    const auto number = ref ? leading_number(*ref).value_or(0) : 0;
    auto& slot = under_way_[number % under_way_.size()];
    if (number >= next_ || number + under_way_.size() < next_ || slot.seq == 0 ||
        load_.seq_.number(frame) != slot.seq) {
      complain(frame);
    }
    slot = {};
    --in_flight_;
    --load_.unanswered_;
    load_.last_answer_us_ = now;
    if (!load_.options_.progress.empty() && ++load_.answered_ % kProgressEvery == 0) {
      fmt::print(stderr, "{}: {} messages\n", load_.options_.progress, load_.answered_);
    }
  }

  void on_read_done(std::int64_t) override { top_up(); }
  void on_lost(const std::string& reason) override { load_.broken_ = reason; }

  WsClient socket;

 private:
  struct Slot {
    BulkConversation* conversation = nullptr;
    std::uint32_t seq = 0;  // 0: free
  };

  void complain(std::string_view frame) {
    load_.violations_.add(
        fmt::format("bulk sender {} got an answer it did not expect: {}", index_, frame.substr(0, 300)));
  }

  BulkLoad& load_;
  std::size_t index_;
  std::vector<Slot> under_way_;
  std::size_t in_flight_ = 0;
  std::uint64_t next_ = 1;
};

BulkLoad::BulkLoad(Poller& poller, Options options)
    : poller_(poller), options_(std::move(options)), writer_(options_.text_bytes, false) {}

BulkLoad::~BulkLoad() = default;

Result<std::unique_ptr<BulkLoad>> BulkLoad::open(Poller& poller, const Target& target,
                                                 std::span<const BenchUser> senders, Options options) {
  std::unique_ptr<BulkLoad> load(new BulkLoad(poller, std::move(options)));
  std::vector<WsClient*> sockets;
  for (std::size_t i = 0; i < senders.size(); ++i) {
    load->senders_.push_back(std::make_unique<Sender>(*load, i));
    sockets.push_back(&load->senders_.back()->socket);
  }
  const auto login = [&](std::size_t i) { return WsLogin{senders[i].token, "phone", {}}; };
  C4A_CHECK(connect_all(poller, target.server, sockets, {.login = login}));
  return load;
}

Result<void> BulkLoad::send(std::uint64_t total, const Choose& choose) {
  choose_ = &choose;
  unsent_ = total;
  unanswered_ = total;
  last_answer_us_ = now_us();
  for (auto& sender : senders_) sender->top_up();
  while (unanswered_ > 0) {
    poller_.turn(now_us() + 1'000'000);
    if (!broken_.empty()) return fail(ErrorCode::kUnavailable, fmt::format("a bulk sender was lost: {}", broken_));
    if (now_us() - last_answer_us_ > kSilenceUs) {
      return fail(ErrorCode::kUnavailable, fmt::format("no answer for 60 s; {} of {} are missing", unanswered_, total));
    }
  }
  return {};
}

}  // namespace c4a::bench
