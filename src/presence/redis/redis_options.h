#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace c4a {

struct RedisOptions {
  std::string address = "127.0.0.1:6379";  // host:port; not used where `sentinels` are given
  std::vector<std::string> sentinels;      // host:port of each
  std::string master = "chat4all";         // the name by which Sentinels know the master
  std::string username;                    // of an ACL; empty: the default user
  std::string password;
  std::string sentinel_password;
  std::string prefix = "c4a:";  // before every key and channel
};

// Whether Redis answers, takes the password and is a master. Fails with: kUnavailable, saying what to do.
Result<> check_redis(const RedisOptions& options);

}  // namespace c4a
