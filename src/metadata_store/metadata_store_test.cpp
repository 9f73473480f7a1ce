#include "metadata_store/fake_metadata_store.h"
#include "metadata_store/metadata_store_contract.h"
#include "metadata_store/sqlite_metadata_store.h"
#include "metadata_store/temporary_folder.h"

namespace c4a {
namespace {

struct FakeFixture {
  std::unique_ptr<MetadataStore> open() { return std::make_unique<FakeMetadataStore>(); }
};

struct SqliteFixture {
  std::unique_ptr<MetadataStore> open() {
    auto store = SqliteMetadataStore::open(folder.file("metadata.sqlite")).value();
    EXPECT_TRUE(store->migrate());
    return store;
  }
  TemporaryFolder folder;
};

using Implementations = ::testing::Types<FakeFixture, SqliteFixture>;
INSTANTIATE_TYPED_TEST_SUITE_P(Every, MetadataStoreContract, Implementations);

}  // namespace
}  // namespace c4a
