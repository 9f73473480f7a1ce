// What the store does when connections break, rows are locked, the pool is empty and the server hangs.

#include <atomic>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "metadata_store/postgres/breakable_proxy.h"
#include "metadata_store/postgres/postgres_live_server.h"

namespace c4a {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

class PostgresRecoveryTest : public ::testing::Test {
 protected:
  static UserRecord user_named(const std::string& name) { return {UserId{name}, {}, "", {}, 1}; }
  static Result<> append_x(UserRecord& user) {
    user.metadata += 'x';
    return {};
  }
  // How long `call` took, in milliseconds.
  template <class Call>
  static std::int64_t timed(const Call& call) {
    const auto before = Steady::now();
    call();
    return std::chrono::duration_cast<milliseconds>(Steady::now() - before).count();
  }
  std::unique_ptr<PostgresMetadataStore> through(const BreakableProxy& proxy, milliseconds deadline) {
    auto options = schema_.options();
    options.connection_string = with_parameters(
        options.connection_string,
        {{"host", "127.0.0.1"}, {"hostaddr", "127.0.0.1"}, {"port", proxy.port()}, {"sslmode", "disable"}});
    options.call_deadline = deadline;
    options.connect_timeout = deadline;
    return open_migrated(options);
  }
  BreakableProxy proxy_to_server() {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(live_connection_string().c_str()),
                                                                  &PQfinish);
    return BreakableProxy(PQhost(connection.get()), PQport(connection.get()));
  }

  LiveSchema schema_;
  const UserId ann_{"ann"};
};

TEST_F(PostgresRecoveryTest, ConnectionsKilledInBetweenAreReplacedUnnoticed) {
  const auto store = open_migrated(schema_.options());
  ASSERT_TRUE(store->create_user(user_named("ann")));
  schema_.kill_connections();
  EXPECT_TRUE(store->user(ann_));
  schema_.kill_connections();
  EXPECT_TRUE(store->create_user(user_named("bob")));
  schema_.kill_connections();
  EXPECT_TRUE(store->update_user(ann_, append_x));
  schema_.kill_connections();
  EXPECT_TRUE(store->check());
}

TEST_F(PostgresRecoveryTest, ATransactionWhoseConnectionIsKilledRunsAgain) {
  const auto store = open_migrated(schema_.options());
  ASSERT_TRUE(store->create_user(user_named("ann")));
  int runs = 0;
  const auto edited = store->update_user(ann_, [&](UserRecord& user) {
    if (++runs == 1) schema_.kill_connections();
    return append_x(user);
  });
  ASSERT_TRUE(edited) << edited.error().detail;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(store->user(ann_)->metadata, "x");
}

TEST_F(PostgresRecoveryTest, ACommitWhoseAnswerIsLostIsUnavailableAndIsNotRunAgain) {
  auto proxy = proxy_to_server();
  const auto store = through(proxy, milliseconds(10'000));
  ASSERT_TRUE(store->create_user(user_named("ann")));
  proxy.cut_after("COMMIT");
  int runs = 0;
  const auto edited = store->update_user(ann_, [&](UserRecord& user) {
    ++runs;
    return append_x(user);
  });
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(store->user(ann_)->metadata, "x");  // stored, though nobody could say so
}

TEST_F(PostgresRecoveryTest, AHungServerBlocksNoCallLongerThanTheDeadline) {
  auto proxy = proxy_to_server();
  const auto store = through(proxy, milliseconds(1000));
  ASSERT_TRUE(store->create_user(user_named("ann")));
  proxy.silence(true);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 8; ++i) {
      workers.emplace_back([&, i] {
        for (int round = 0; round < 3; ++round) {
          EXPECT_LT(timed([&] {
                      const bool served =
                          i % 2 == 0 ? store->check().has_value() : store->update_user(ann_, append_x).has_value();
                      EXPECT_FALSE(served);
                    }),
                    2500);
        }
      });
    }
  }
  proxy.silence(false);
  bool recovered = false;
  for (const auto until = Steady::now() + std::chrono::seconds(20); !recovered && Steady::now() < until;) {
    recovered = store->check().has_value();
    std::this_thread::yield();
  }
  EXPECT_TRUE(recovered);
}

TEST_F(PostgresRecoveryTest, AWaitForALockEndsAtTheDeadlineAndTheConnectionGoesOn) {
  auto options = schema_.options();
  options.call_deadline = milliseconds(600);
  options.pool_size = 1;
  options.migration_deadline = std::chrono::seconds(30);
  const auto store = open_migrated(options);
  ASSERT_TRUE(store->create_user(user_named("ann")));
  schema_.admin.run("BEGIN");
  schema_.admin.run("UPDATE " + schema_.name + ".users SET metadata = 'locked'");
  for (int round = 0; round < 2; ++round) {
    EXPECT_LT(timed([&] { EXPECT_EQ(store->begin_user_deletion(ann_, 1).error().code, ErrorCode::kUnavailable); }),
              3000);
    EXPECT_LT(timed([&] { EXPECT_EQ(store->update_user(ann_, append_x).error().code, ErrorCode::kUnavailable); }),
              3000);
  }
  schema_.admin.run("ROLLBACK");
  EXPECT_EQ(store->user(ann_)->metadata, "");
  EXPECT_TRUE(store->begin_user_deletion(ann_, 1));
}

TEST_F(PostgresRecoveryTest, AnEmptyPoolIsWaitedForABoundedTime) {
  auto options = schema_.options();
  options.pool_size = 2;
  options.connection_wait = milliseconds(100);
  const auto store = open_migrated(options);
  for (const char* name : {"ann", "bob"}) ASSERT_TRUE(store->create_user(user_named(name)));
  std::latch both_taken(2);
  std::latch release(1);
  std::vector<std::jthread> holders;
  for (const char* name : {"ann", "bob"}) {
    holders.emplace_back([&, name] {
      bool counted = false;  // an edit may run again
      EXPECT_TRUE(store->update_user(UserId{name}, [&](UserRecord&) -> Result<> {
        if (!std::exchange(counted, true)) both_taken.count_down();
        release.wait();
        return {};
      }));
    });
  }
  both_taken.wait();
  EXPECT_LT(timed([&] {
              const auto user = store->user(ann_);
              ASSERT_FALSE(user);
              EXPECT_EQ(user.error().code, ErrorCode::kUnavailable);
              EXPECT_TRUE(user.error().detail.starts_with("All 2 connections")) << user.error().detail;
            }),
            2000);
  release.count_down();
  holders.clear();
  EXPECT_TRUE(store->user(ann_));
}

TEST_F(PostgresRecoveryTest, ManyThreadsOfTwoGatewaysRotateATokenOnce) {
  const auto first = open_migrated(schema_.options());
  const auto second = open_migrated(schema_.options());
  for (int round = 0; round < 5; ++round) {
    const std::string token(32, static_cast<char>('A' + round));
    ASSERT_TRUE(first->create_refresh_family({Uuid::v7(1), "user:ann", token, 1, 1000}));
    std::atomic<int> rotated = 0;
    std::atomic<int> reused = 0;
    {
      std::vector<std::jthread> clients;
      for (int i = 0; i < 16; ++i) {
        clients.emplace_back([&, i] {
          std::string next = token;
          next[0] = static_cast<char>(i);
          const auto outcome = (i % 2 == 0 ? first : second)->rotate_refresh_token({token, next, 2, 1000, 100});
          ASSERT_TRUE(outcome) << outcome.error().detail;
          rotated += outcome->kind == RefreshOutcome::Kind::kRotated;
          reused += outcome->kind == RefreshOutcome::Kind::kReused;
        });
      }
    }
    EXPECT_EQ(rotated, 1);
    EXPECT_EQ(reused, 1);
  }
}

TEST_F(PostgresRecoveryTest, TwoGatewaysThatStartWithOneAdminKeyBothHaveIt) {
  const auto first = open_migrated(schema_.options());
  const auto second = open_migrated(schema_.options());
  for (char round = 'a'; round < 'k'; ++round) {
    const auto put = [&](PostgresMetadataStore& store) {
      const std::string id(1, round);
      const auto change = store.put_admin_key(
          {Uuid::v7(system_clock().now_ms()), "admin" + id, "admin", {"admin"}, std::string(32, round), 1, {}, true});
      EXPECT_TRUE(change) << change.error().detail;
    };
    std::jthread other([&] { put(*second); });
    put(*first);
    other.join();
    EXPECT_EQ((*first->admin_key())->key_hash, std::string(32, round));
  }
  EXPECT_EQ(first->keys({}, 50)->items.size(), 1u);
}

TEST_F(PostgresRecoveryTest, APurgeOfManyRowsGoesInSteps) {
  const auto store = open_migrated(schema_.options());
  schema_.admin.run("INSERT INTO " + schema_.name +
                    ".refresh_families SELECT gen_random_uuid(), 's', 1, n FROM generate_series(1, 2600) AS n");
  schema_.admin.run("INSERT INTO " + schema_.name +
                    ".refresh_tokens SELECT sha256(family_id::TEXT::BYTEA), family_id, NULL, expires_at FROM " +
                    schema_.name + ".refresh_families");
  ASSERT_TRUE(store->purge_expired(2500));
  EXPECT_EQ(schema_.admin.run("SELECT count(*) FROM " + schema_.name + ".refresh_tokens"), "100");
  EXPECT_EQ(schema_.admin.run("SELECT count(*) FROM " + schema_.name + ".refresh_families"), "100");
}

TEST_F(PostgresRecoveryTest, KeysLongerThanAnIndexEntryAreStored) {
  const auto store = open_migrated(schema_.options());
  std::string path = "POST /";
  for (int i = 0; i < 2000; ++i) path += Uuid::v7(i).str().substr(30);  // hardly compresses
  const IdempotencyId id{"user:ann", path, "k"};
  EXPECT_EQ(store->begin_idempotent(id, std::string(32, 'a'), 1)->kind, IdempotencyBegin::Kind::kStarted);
  EXPECT_EQ(store->begin_idempotent(id, std::string(32, 'a'), 1)->kind, IdempotencyBegin::Kind::kRunning);
  EXPECT_TRUE(store->revoke({Revocation::Kind::kToken, path, 0, 1, 10}));
  EXPECT_EQ(store->revocations(1, 0)->at(0).id, path);
}

}  // namespace
}  // namespace c4a
