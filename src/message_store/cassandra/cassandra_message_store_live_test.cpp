// The contract of MessageStore, over a real Cassandra cluster; skipped without CHAT4ALL_TEST_CASSANDRA.

#include "message_store/cassandra/cassandra_test_cluster.h"
#include "message_store/message_store_contract.h"

namespace c4a {
namespace {

// With the usual buckets, and with buckets that the suites' conversations do not fit into.
using Harnesses = testing::Types<test::CassandraHarness<16'384>, test::CassandraHarness<1'024>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Cassandra, MessageStoreContract, Harnesses);
INSTANTIATE_TYPED_TEST_SUITE_P(Cassandra, MessageStoreHistoryContract, Harnesses);

[[maybe_unused]] const auto* const kCluster = testing::AddGlobalTestEnvironment(&test::CassandraCluster::get());

}  // namespace
}  // namespace c4a
