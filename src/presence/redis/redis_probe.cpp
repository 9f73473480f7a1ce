#include "presence/redis/redis_probe.h"

#include <fmt/format.h>

namespace c4a {

Result<> check_redis(const RedisOptions& options, const std::string& installation) {
  RedisConnection connection(options);
  C4A_CHECK(connection.connect());
  const std::string key = options.prefix + "installation";
  C4A_CHECK(connection.ask({"SET", key, installation, "NX"}));
  C4A_TRY(const auto answer, connection.ask({"GET", key}));
  const std::string_view owner(answer->str, answer->type == REDIS_REPLY_STRING ? answer->len : 0);
  if (owner == installation) return {};
  return fail(
      ErrorCode::kConflict,
      fmt::format("Redis keeps the live events of another installation of Chat4All under the prefix {} ({} in "
                  "the key {}; the keyspace of this one is of {}): give each installation a redis.prefix of its "
                  "own, or delete that key if the other is gone.",
                  options.prefix, owner, key, installation));
}

Result<> RedisProbe::check() {
  const std::lock_guard lock(mutex_);
  C4A_CHECK(connection_.connect());
  C4A_CHECK(connection_.ask({"PING"}));
  return {};
}

}  // namespace c4a
