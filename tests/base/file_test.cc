#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file_handle.h"

namespace cermet {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    folder_ = fs::temp_directory_path() /
              fmt::format("cermet_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directory(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  size_t count() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

std::string message_of(auto&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    return error.message();
  }
  return "no error";
}

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

TEST_F(Files, WritesPiecesAndReadsThemBack) {
  const std::span<const std::byte> pieces[] = {bytes_of("one "), {}, bytes_of("two")};
  write_file_atomically(path("file"), pieces);
  EXPECT_EQ(read_file(path("file")), "one two");
  const MappedFile mapped(path("file"));
  EXPECT_EQ(text_of(mapped), "one two");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, ReadsLargeFilesAndThoseWithoutSize) {
  const std::string large(3 << 20, 'x');
  write_file_atomically(path("large"), large);
  EXPECT_EQ(read_file(path("large")), large);
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST_F(Files, ReplacingKeepsWhatIsMapped) {
  write_file_atomically(path("file"), "old");
  const MappedFile mapped(path("file"));
  write_file_atomically(path("file"), "newer");
  EXPECT_EQ(text_of(mapped), "old");
  EXPECT_EQ(read_file(path("file")), "newer");
}

TEST_F(Files, ReplacingKeepsWhoMayRead) {
  write_file_atomically(path("file"), "old");
  fs::permissions(path("file"), fs::perms::owner_read | fs::perms::group_read);
  write_file_atomically(path("file"), "newer");
  EXPECT_EQ(fs::status(path("file")).permissions(), fs::perms::owner_read | fs::perms::group_read);
  EXPECT_EQ(read_file(path("file")), "newer");
}

TEST_F(Files, MapsEmptyFilesAndMoves) {
  write_file_atomically(path("empty"), "");
  MappedFile empty(path("empty"));
  EXPECT_EQ(empty.size(), 0u);
  empty.advise(Access::soon);
  write_file_atomically(path("full"), "text");
  MappedFile moved(MappedFile(path("full")));
  moved.advise(Access::sequential);
  moved.advise(Access::random, 2, 1);
  empty = std::move(moved);
  EXPECT_EQ(text_of(empty), "text");
}

TEST_F(Files, NameTheFileTheReasonAndTheWayOut) {
  EXPECT_EQ(message_of([&] { MappedFile file(path("missing")); }),
            "cannot open " + path("missing") +
                ": No such file or directory; check that the file and its folder exist");
  EXPECT_EQ(message_of([&] { MappedFile file(folder_.string()); }),
            "cannot map " + folder_.string() +
                ": Is a directory; give the path of a file, this is a folder");
  EXPECT_NE(message_of([&] { MappedFile file("/dev/null"); }).find("expected a regular file"),
            std::string::npos);
  EXPECT_NE(message_of([&] { read_file(folder_.string()); }).find("Is a directory"),
            std::string::npos);
  EXPECT_NE(message_of([&] {
              write_file_atomically(path("no/such/folder"), "");
            }).find("No such file or directory"),
            std::string::npos);
}

TEST_F(Files, FailedReplacementLeavesNothingBehind) {
  fs::create_directory(path("folder"));
  EXPECT_NE(
      message_of([&] { write_file_atomically(path("folder"), "text"); }).find("cannot replace"),
      std::string::npos);
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, FailedWriteKeepsTheOldFile) {
  write_file_atomically(path("file"), "old");
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight = {1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const std::string message =
      message_of([&] { write_file_atomically(path("file"), std::string(5000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_EQ(read_file(path("file")), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, LeftoversOfKilledWritersAreTakenOver) {
  std::ofstream(path("file.tmp")) << std::string(1000, 'x');
  write_file_atomically(path("file"), "new");
  EXPECT_EQ(read_file(path("file")), "new");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, SeveralWritersTakeTurns) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 8; ++writer)
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 20; ++i)
        write_file_atomically(path("file"), std::string(10000 + writer, char('a' + writer)));
    });
  for (std::thread& writer : writers) writer.join();
  const std::string text = read_file(path("file"));
  EXPECT_EQ(text, std::string(10000 + (text[0] - 'a'), text[0]));
  EXPECT_EQ(count(), 1u);
}

TEST(SpecialFiles, AreWrittenInPlace) {
  EXPECT_NE(message_of([] { write_file_atomically("/dev/full", "x"); }).find("No space left"),
            std::string::npos);
  EXPECT_FALSE(fs::exists("/dev/full.tmp"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(FileErrors, SayWhatToDoWhenTheDiskIsFull) {
  EXPECT_EQ(message_of([] { fail_file("write", "model.engine", ENOSPC); }),
            "cannot write model.engine: No space left on device; free some space or "
            "choose another folder");
}

}  // namespace
}  // namespace cermet
