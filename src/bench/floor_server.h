#pragma once

// The floor: a server with the sockets, bytes and fdatasyncs of a chat server and nothing else. No user is checked, no
// JSON parsed, nothing stored but a log that is never read. What it reaches on a machine is the limit for any server
// that syncs before it answers, and so the measure for ours.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "bench/floor_connection.h"
#include "bench/floor_log.h"
#include "bench/poller.h"

namespace c4a::bench {

// Lies that the floor can be told to tell, every now and then, to show that the generator notices.
enum class FloorFault : std::uint8_t { kNone, kLoseMessage, kRepeatMessage, kDelayMessage, kForgetAck, kRepeatStatus };

class FloorServer final : public FloorService, public Pollable {
 public:
  // `log_bytes`: the length of the circle in which the log is written, whole MiB. Fails with: kUnavailable.
  static Result<std::unique_ptr<FloorServer>> open(const Endpoint& listen, const std::string& data_folder,
                                                   std::size_t log_bytes = 128U << 20U);
  ~FloorServer() override;

  std::uint16_t port() const { return port_; }
  // Before run().
  void lie(FloorFault fault) { fault_ = fault; }
  // Serves until `stop` is true.
  void run(const std::atomic<bool>& stop);

  void on_request(FloorConnection& connection, std::string_view head, std::string_view body) override;
  void on_frame(FloorConnection& connection, std::string_view frame) override;
  void on_gone(FloorConnection& connection) override;
  void on_ready(std::uint32_t epoll_events) override;  // somebody connects
  void on_turn_end() override;                         // one sync for all that came in this turn

 private:
  struct User {
    std::string id;
    std::vector<FloorConnection*> online;
  };
  struct Conversation {
    std::string id;
    std::vector<std::uint32_t> members;
    std::uint64_t last_seq = 0;
    std::string delayed;  // FloorFault::kDelayMessage: comes after the next one
  };

  FloorServer(int listener, std::uint16_t port, FloorLog log);
  std::uint32_t user_named(std::string_view id);
  Conversation* conversation_at(std::string_view id);
  std::string& hold(FloorConnection& connection);
  void ask_turn_end();
  void push(const Conversation& conversation, const FloorConnection& from, int copies);
  bool lies(FloorFault fault);
  void open_socket(FloorConnection& connection, std::string_view head);
  std::string make_conversation(std::string_view head, std::string_view body);
  void on_post(FloorConnection& connection, std::string_view body);
  void on_send(FloorConnection& connection, std::string_view frame);
  void on_delivered(FloorConnection& connection, std::string_view frame);
  void push_message(Conversation& conversation, const FloorConnection& from, std::string_view payload);

  int listener_;
  std::uint16_t port_;
  FloorLog log_;
  Poller poller_;
  std::unordered_map<FloorConnection*, std::unique_ptr<FloorConnection>> connections_;
  std::vector<FloorConnection*> gone_;
  std::vector<FloorConnection*> holding_;
  std::unordered_map<std::string, std::uint32_t> user_index_;
  std::vector<User> users_;
  std::vector<Conversation> conversations_;
  bool ending_asked_ = false;
  std::string frame_;
  FloorFault fault_ = FloorFault::kNone;
  std::uint64_t chances_ = 0;  // occasions for the fault so far
};

}  // namespace c4a::bench
