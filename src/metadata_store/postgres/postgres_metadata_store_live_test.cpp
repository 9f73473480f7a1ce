// The contract suite against a live server: at its default isolation level, and with SERIALIZABLE as the default, which
// is the only level that CockroachDB always has.

#include "metadata_store/metadata_store_contract.h"
#include "metadata_store/postgres/postgres_live_server.h"

namespace c4a {
namespace {

[[maybe_unused]] const auto* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new PostgresLiveEnvironment);  // owned by GoogleTest

struct PostgresFixture {
  std::unique_ptr<MetadataStore> open() { return open_migrated(schema.options()); }
  LiveSchema schema;
};

struct SerializablePostgresFixture {
  std::unique_ptr<MetadataStore> open() {
    return open_migrated(schema.options(" -c default_transaction_isolation=serializable"));
  }
  LiveSchema schema;
};

using Implementations = ::testing::Types<PostgresFixture, SerializablePostgresFixture>;
INSTANTIATE_TYPED_TEST_SUITE_P(Every, MetadataStoreContract, Implementations);

}  // namespace
}  // namespace c4a
