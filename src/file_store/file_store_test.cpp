// The contract of FileStore, over every implementation that needs nothing outside of the process.

#include "file_store/fake_file_store.h"
#include "file_store/file_store_contract.h"
#include "file_store/local_file_store.h"

namespace c4a {
namespace {

struct FakeHarness {
  FileStore& store() { return fake; }
  void reopen() {}

  FakeFileStore fake;
};

struct LocalHarness {
  LocalHarness() { reopen(); }
  FileStore& store() { return *local; }
  void reopen() {
    local.reset();
    auto opened = LocalFileStore::open({folder.path()});
    if (!opened) std::abort();
    local = std::move(*opened);
  }

  test::ScratchFolder folder;
  std::unique_ptr<LocalFileStore> local;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, FileStoreContract, FakeHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Local, FileStoreContract, LocalHarness);

TEST(FakeFileStoreTest, AStoreThatIsDownAnswersUnavailable) {
  FakeFileStore store;
  test::put_file(store, test::file_id(1), "abc", 3);
  store.set_down(true);
  EXPECT_EQ(store.check().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.find(test::file_id(1)).error().code, ErrorCode::kUnavailable);
  store.set_down(false);
  EXPECT_EQ(test::read_range(store, test::file_id(1)), "abc");
}

}  // namespace
}  // namespace c4a
