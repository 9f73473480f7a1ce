#pragma once

#include <string>
#include <vector>

namespace c4a {

struct RedisOptions {
  std::string address = "127.0.0.1:6379";  // host:port; not used where `sentinels` are given
  std::vector<std::string> sentinels;      // host:port of each
  std::string master = "chat4all";         // the name by which Sentinels know the master
  std::string username;                    // of an ACL; empty: the default user
  std::string password;
  std::string sentinel_password;
  bool tls = false;             // to Redis and to the Sentinels alike
  std::string ca_file;          // PEM: who signed their certificates; empty: the system's authorities
  std::string prefix = "c4a:";  // before every key and channel
};

}  // namespace c4a
