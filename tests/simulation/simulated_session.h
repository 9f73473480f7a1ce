#pragma once

// A live session without a socket: the real rules of what it is sent (DeliveryTrack, open_session, fetch_page), fed
// from an inbox so that the scheduler decides what comes before what.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "presence/live_bus.h"
#include "sessions/delivery_track.h"
#include "sessions/fetch_page.h"
#include "sessions/open_session.h"

namespace c4a::simulation {

class SimulatedSession {
 public:
  struct Answer {
    std::size_t request = 0;
    std::optional<ConversationId> sent_in;  // of a message: the answer is its delivery
    Result<Decision> decision;
  };
  struct Client {
    std::function<void(const std::string& frame)> told;
    std::function<void(Answer)> answered;
  };

  SimulatedSession(SessionNumber number, UserId user, DeviceId device, Client client);

  const SessionNumber number;
  const UserId user;
  const DeviceId device;

  bool wants_opening() const { return !known_ && !opening_; }
  // The snapshot was taken; it is heard of in its turn.
  void opened(SessionStart start);
  void hear(SharedEvent event) { inbox_.push_back(std::move(event)); }
  void hear(Answer answer) { inbox_.push_back(std::move(answer)); }

  bool has_mail() const { return !inbox_.empty(); }
  bool wants_reading() const { return asked_.has_value(); }
  // Handles the oldest thing in the inbox.
  void take_mail();
  // Reads the page that was asked for; it is heard of in its turn.
  Result<> read(MessageStore& store);
  // Requests whose answers arrived and were never heard of.
  std::vector<std::size_t> unheard_answers() const;

  // What is stored of the device when the socket closes; nothing where the session never opened.
  std::optional<Device> record() const { return known_ ? std::optional(record_) : std::nullopt; }

 private:
  using Mail = std::variant<SharedEvent, Answer, SessionStart, FetchedPage>;

  void handle(const SharedEvent& event);
  void handle(const Answer& answer);
  void handle(const SessionStart& start);
  void handle(const FetchedPage& page);
  void deliver_status(const LiveEvent& event);
  void send(const std::string& frames);
  void catch_up();

  Client client_;
  DeliveryTrack track_;
  Device record_;
  bool known_ = false;
  bool opening_ = false;
  std::deque<Mail> inbox_;
  std::optional<DeliveryTrack::Fetch> asked_;
  bool reading_ = false;  // a page is in the inbox
  std::vector<SharedEvent> later_statuses_;
};

}  // namespace c4a::simulation
