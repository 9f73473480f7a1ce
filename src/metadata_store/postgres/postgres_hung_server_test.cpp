// A server that accepts and never answers: the kernel does the accepting, nobody reads.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "metadata_store/postgres/postgres_metadata_store.h"

namespace c4a {
namespace {

using std::chrono::milliseconds;

class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~SilentServer() { ::close(socket_); }
  const std::string& port() const { return port_; }

 private:
  int socket_;
  std::string port_;
};

TEST(PostgresHungServerTest, AServerThatNeverAnswersCostsOneConnectTimeoutAndASentence) {
  const SilentServer server;
  const auto before = std::chrono::steady_clock::now();
  const auto store =
      PostgresMetadataStore::open({.connection_string = "host=127.0.0.1 user=u password=hunter2 port=" + server.port(),
                                   .connect_timeout = milliseconds(50)});
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(4000));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.error().detail, "PostgreSQL at 127.0.0.1:" + server.port() +
                                      " cannot be used: it did not answer in time; start it, or correct host and port "
                                      "in the connection string.");
}

TEST(PostgresHungServerTest, EachOfSeveralHostsIsTried) {
  const SilentServer first;
  const SilentServer second;
  const auto store = PostgresMetadataStore::open(
      {.connection_string = "user=u host=127.0.0.1,127.0.0.1 port=" + first.port() + "," + second.port(),
       .connect_timeout = milliseconds(30)});
  ASSERT_FALSE(store);
  EXPECT_TRUE(
      store.error().detail.starts_with("None of the 2 hosts can be used. PostgreSQL at 127.0.0.1:" + second.port()))
      << store.error().detail;
}

TEST(PostgresHungServerTest, OptionsThatCannotWorkAreRefused) {
  EXPECT_EQ(PostgresMetadataStore::open({.connection_string = "host=a", .pool_size = 0}).error().code,
            ErrorCode::kValidationFailed);
  EXPECT_EQ(PostgresMetadataStore::open({.connection_string = "host=a bad"}).error().code,
            ErrorCode::kValidationFailed);
}

}  // namespace
}  // namespace c4a
