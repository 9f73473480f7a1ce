#include "message_store/wal_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "message_store/scratch_directory.h"

namespace c4a::rocks {
namespace {

class WalListTest : public testing::Test {
 protected:
  void make_log(const std::string& name) { std::ofstream(path() + "/" + name) << "records"; }
  std::string path() const { return scratch_.path(); }
  WalList loaded() { return *WalList::load(path()); }

  test::ScratchDirectory scratch_;
};

TEST_F(WalListTest, NothingIsAskedForWhereNothingIsKnown) {
  const auto list = WalList::load(path());
  ASSERT_TRUE(list);
  EXPECT_EQ(list->required_bytes("000001.log"), 0u);
}

TEST_F(WalListTest, AFinishedLogMustKeepItsLength) {
  make_log("000001.log");
  make_log("000002.log");
  WalList list = loaded();
  ASSERT_EQ(list.begin("000001.log", "", 0), 0);
  EXPECT_EQ(loaded().required_bytes("000001.log"), 0u);
  ASSERT_EQ(list.begin("000002.log", "000001.log", 4711), 0);
  EXPECT_EQ(loaded().required_bytes("000001.log"), 4711u);
  EXPECT_EQ(loaded().required_bytes("000002.log"), 0u);
}

TEST_F(WalListTest, ALogThatIsGoneIsNamed) {
  make_log("000001.log");
  WalList list = loaded();
  ASSERT_EQ(list.begin("000001.log", "", 0), 0);
  std::filesystem::remove(path() + "/000001.log");
  const auto again = WalList::load(path());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(again.error().detail.find("000001.log"), std::string::npos);
}

TEST_F(WalListTest, ALogThatWasDroppedFirstMayGo) {
  make_log("000001.log");
  WalList list = loaded();
  ASSERT_EQ(list.begin("000001.log", "", 0), 0);
  ASSERT_EQ(list.drop("000001.log"), 0);
  std::filesystem::remove(path() + "/000001.log");
  EXPECT_TRUE(WalList::load(path()));
}

// On a full disk there is no block for a new file.
TEST_F(WalListTest, ListsAreWrittenOverTheBlocksOfThoseBefore) {
  const auto inode = [this](const char* name) {
    struct stat status{};
    return ::stat((path() + "/" + name).c_str(), &status) == 0 ? status.st_ino : 0;
  };
  make_log("000001.log");
  make_log("000002.log");
  WalList list = loaded();
  ASSERT_EQ(list.begin("000001.log", "", 0), 0);
  const auto first = inode("LOGS");
  const auto second = inode("LOGS.new");
  ASSERT_NE(second, ino_t{0});
  ASSERT_EQ(list.begin("000002.log", "000001.log", 4711), 0);
  EXPECT_EQ(inode("LOGS"), second);
  EXPECT_EQ(inode("LOGS.new"), first);
  EXPECT_EQ(loaded().required_bytes("000001.log"), 4711u);
  ASSERT_EQ(list.drop("000001.log"), 0);
  EXPECT_EQ(inode("LOGS"), first);
  EXPECT_EQ(loaded().required_bytes("000001.log"), 0u) << "of a shorter list nothing is left of the longer one";
}

TEST_F(WalListTest, ADamagedListIsRefused) {
  make_log("000001.log");
  WalList list = loaded();
  ASSERT_EQ(list.begin("000001.log", "", 0), 0);
  std::ofstream(path() + "/LOGS") << "chat4all-logs 1\n000001.log 5\ncrc 1\n";
  EXPECT_FALSE(WalList::load(path()));
}

}  // namespace
}  // namespace c4a::rocks
