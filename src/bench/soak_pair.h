#pragma once

// One pair of the soak: a sender and a recipient with a private conversation, a connection each, and the rules by which
// what they are told is judged. What was not answered is sent again, with the same message_id and content, until it is.

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "bench/frame_scan.h"
#include "bench/histogram.h"
#include "bench/message_text.h"
#include "bench/poller.h"
#include "bench/setup.h"
#include "bench/soak_rules.h"
#include "bench/steady_client.h"
#include "bench/timeline.h"

namespace c4a::bench {

struct SoakOptions {
  std::size_t pairs = 50;
  double rate = 200;  // messages per second, all pairs together
  std::size_t text_bytes = 300;
  std::size_t window = 64;              // messages of a pair without an answer; what is due beyond is withheld
  std::int64_t answer_us = 10'000'000;  // an answer that takes longer does not come: another connection
};

struct SoakFigures {
  std::uint64_t acknowledged = 0;
  std::uint64_t repeated = 0;     // sends of what had been sent before
  std::uint64_t asked_again = 0;  // of those: on purpose, though answered
  std::uint64_t duplicates = 0;   // answers that said so
  std::uint64_t undecided = 0;    // answers without a seq
  std::uint64_t refused = 0;      // sends answered 429 or 503
  std::uint64_t withheld = 0;     // due, and not made because of the window
  std::uint64_t late = 0;         // connections given up because an answer did not come
  std::uint64_t delivered = 0;    // `message` frames at recipients
  Histogram latency;              // from when a send was due to its first acknowledgement
  SteadyFigures connections;
};

// Takes apart what carries a message: a frame, or an item of the history. One for each layout.
struct MessageScan {
  KeyFinder id{R"("message_id":)"};
  KeyFinder seq{R"("seq":)"};
  KeyFinder from{R"("from":)"};
  KeyFinder text{R"("text":)"};
};

// What all pairs share.
struct SoakShared {
  SoakShared(Poller& to_poll, std::span<const Endpoint> at, const SoakOptions& wanted)
      : poller(to_poll), servers(at), options(wanted), writer(wanted.text_bytes, false) {}

  Poller& poller;
  std::span<const Endpoint> servers;
  SoakOptions options;
  MessageWriter writer;
  Uuid run = Uuid::v7(system_clock().now_ms());
  std::mt19937_64 random{std::random_device{}()};
  bool sending = false;
  SoakFigures figures;
  Findings findings;
  Timeline timeline{now_us(), system_clock().now_ms()};
  MessageScan frame;
  MessageScan item;
  KeyFinder ref{R"("ref":)"};
  KeyFinder sent_id{R"("message_id":)"};
  KeyFinder sent_seq{R"("seq":)"};
  KeyFinder sent_at{R"("created_at":)"};
  KeyFinder duplicate{R"("duplicate":)"};
  KeyFinder error_status{R"("status":)"};
  KeyFinder status{R"("status":)"};
  KeyFinder status_seq{R"("seq":)"};
};

class SoakPair {
 public:
  // `shared` must outlive the pair. `index`: which of all, from 0.
  SoakPair(SoakShared& shared, std::size_t index, BenchUser sender, BenchUser recipient, std::string conversation);

  bool connected() const { return sender_.ready() && recipient_.ready(); }
  // Between turns, every few milliseconds.
  void tick(std::int64_t now);
  // A message is due: it is sent now, or when there is a connection.
  void message_due(std::int64_t due_us, std::int64_t now);
  // Everything was answered and has arrived.
  bool settled() const { return flights_.empty() && recipient_rules_.has_up_to() >= sent(); }
  // Complains about what has not, and hangs up. Then the history may be judged to its end.
  void close();

  const std::string& conversation() const { return conversation_; }
  const std::string& reader_token() const { return from_.token; }
  // An item of the history, from the first on: its seq.
  std::uint64_t judge_item(std::string_view item);
  // The conversation as read over REST. False: the last acknowledgement has not arrived, so it is to be read again.
  bool judge_receipts(std::string_view body, bool last_time);
  void judge_end() { history_.ended(sender_rules_, sent()); }

 private:
  // A message on its way to an answer.
  struct Flight {
    std::uint64_t number = 0;
    std::int64_t due_us = 0;
    std::int64_t sent_us = 0;  // 0: it is to be sent
    unsigned tries = 0;
    std::uint64_t session = 0;  // of the first try
    bool refused = false;
    bool again = false;           // it was answered before, and must be recognised
    std::string created_at = {};  // of the first answer with a seq, with `again`
  };

  std::uint64_t sent() const { return next_number_ - 1; }
  Uuid id_of(std::uint64_t number) const;
  void send(Flight& flight, std::int64_t now);
  void send_waiting(std::int64_t now);
  void on_sent(std::string_view frame, std::int64_t now);
  void on_refused(std::string_view frame, std::int64_t now);
  void ask_again(const Flight& flight, std::string_view created_at, std::int64_t now);
  // The number of the message in a frame or item; 0 where it is not one that was sent.
  std::uint64_t number_in(MessageScan& scan, std::string_view json);
  void acknowledge(std::int64_t now);
  void unexpected(std::string_view who, std::string_view frame);

  // The two ends of the wire.
  class SenderEnd final : public SteadyListener {
   public:
    explicit SenderEnd(SoakPair& pair) : pair_(pair) {}
    void on_connected(std::int64_t now) override;
    void on_frame(std::string_view frame, std::int64_t now) override;
    void on_read_done(std::int64_t now) override;
    void on_disconnected() override;

   private:
    SoakPair& pair_;
    bool touched_ = false;
  };
  class RecipientEnd final : public SteadyListener {
   public:
    explicit RecipientEnd(SoakPair& pair) : pair_(pair) {}
    void on_connecting() override;
    void on_connected(std::int64_t now) override;
    void on_frame(std::string_view frame, std::int64_t now) override;
    void on_read_done(std::int64_t now) override;
    void on_disconnected() override {}

   private:
    SoakPair& pair_;
  };

  SoakShared& shared_;
  std::size_t index_;
  BenchUser from_;
  std::string conversation_;
  std::string to_;
  Places places_;
  SenderRules sender_rules_;
  StatusRules status_rules_;
  RecipientRules recipient_rules_;
  HistoryRules history_;
  std::uint64_t next_number_ = 1;
  std::vector<Flight> flights_;  // in the order of their first sends
  std::uint64_t session_ = 0;
  Backoff refusals_;
  std::int64_t retry_at_us_ = 0;  // what was refused is sent again then; 0: nothing was
  std::int64_t acknowledge_at_us_ = 0;
  std::uint64_t acknowledgements_ = 0;
  SenderEnd sender_end_;
  RecipientEnd recipient_end_;
  SteadyClient sender_;
  SteadyClient recipient_;
};

}  // namespace c4a::bench
