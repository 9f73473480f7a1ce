#pragma once

// Where a connection string points to: its hosts one by one, so that each gets a deadline of its own (libpq itself
// would wait for the first as long as TCP does), and the words for it in messages, without the password.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace c4a {

class PostgresTarget {
 public:
  // `host=a,b port=5432 dbname=chat user=chat …` or `postgresql://chat@a,b/chat?…`. What is absent comes from libpq's
  // own defaults (PGHOST, ~/.pgpass, …). Fails with: kValidationFailed; the sentence repeats nothing of the text.
  static Result<PostgresTarget> parse(const std::string& connection_string);

  struct Host {
    std::string name;  // for messages: "db1:5432"
    std::vector<std::pair<std::string, std::string>> parameters;
  };
  const std::vector<Host>& hosts() const { return hosts_; }

  const std::string& user() const { return user_; }
  const std::string& database() const { return database_; }
  // `text` with the password blotted out, should a library have put it there.
  std::string redacted(std::string text) const;

 private:
  std::vector<Host> hosts_;
  std::string user_;
  std::string database_;
  std::string password_;
};

}  // namespace c4a
