#pragma once

// A TCP proxy on loopback that a test can silence or cut, to play a hung server and a lost connection.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace c4a {

class BreakableProxy {
 public:
  BreakableProxy(std::string host, std::string port);
  ~BreakableProxy();
  const std::string& port() const { return port_; }

  // From here on nothing passes, and nothing is refused either.
  void silence(bool silent) { silent_ = silent; }
  // Passes the bytes that hold `text` on to the server, once, and nothing back: the connection ends instead.
  void cut_after(std::string text);

 private:
  struct Pair {
    int client;
    int server;
    bool doomed = false;
  };
  void run(const std::stop_token& stop);
  void accept_one(std::vector<Pair>& pairs);
  bool pass(Pair& pair, int from, int to);  // false: close both

  std::string host_;
  std::string server_port_;
  std::string port_;
  int listener_ = -1;
  std::atomic<bool> silent_ = false;
  std::mutex mutex_;
  std::string cut_after_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace c4a
