#include "tactics/timing_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace cermet {
namespace {

class TimingCacheFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/timing_cache_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::remove(path_.c_str());
  }
  void TearDown() override {
    std::remove(path_.c_str());
    std::remove((path_ + ".lock").c_str());
  }
  void write(const std::string& text) { std::ofstream(path_) << text; }

  static TimingKey key(int number) { return {"conv " + std::to_string(number), 2, "a@1", "4"}; }

  std::string path_;
};

TEST_F(TimingCacheFile, KeepsWhatItWasGiven) {
  TimingCache first("device");
  first.load(path_, {});  // no file: nothing
  first.add(key(1), 12.5);
  first.add({"with\ttab", 1, "b@2", ""}, 3);
  first.save(path_);
  TimingCache second("device");
  second.load(path_, {});
  EXPECT_EQ(second.find(key(1)), 12.5);
  EXPECT_EQ(second.find({"with\ttab", 1, "b@2", ""}), 3);
  EXPECT_EQ(second.find(key(2)), std::nullopt);
  EXPECT_EQ(second.find({"conv 1", 1, "a@1", "4"}), std::nullopt) << "other threads";
  EXPECT_FALSE(second.changed());
}

TEST_F(TimingCacheFile, KeepsWhatWasFoundToBeRight) {
  const TimingKey right{"conv 1 model 01 step 02", 2, "a@1", "4"};
  TimingCache first("device");
  first.add(key(1), 12.5);
  first.add_passed(right, {4096, 0.125});
  first.save(path_);
  TimingCache second("device");
  second.load(path_, {});
  EXPECT_EQ(second.find_passed(right), (PassedValidation{4096, 0.125}));
  EXPECT_EQ(second.find_passed(key(1)), std::nullopt);
  EXPECT_EQ(second.find(right), std::nullopt);
  EXPECT_EQ(second.size(), 1u);
}

TEST_F(TimingCacheFile, PassedLinesThatAreDamagedAreLeftOut) {
  std::string text = "cermet timing cache 1\n";
  for (const char* outcome : {"passed", "passed ", "passed 4096", "passed 0 0.1", "passed 5 2",
                              "passed 5 -1", "passed 5 nan", "passed 5 0.1 1", "passed x 0.1"})
    text += fmt::format("device\t2\tconv {}\ta@1\t4\t{}\n", outcome, outcome);
  write(text);
  std::vector<std::string> warnings;
  TimingCache cache("device");
  cache.load(path_, [&](Severity, std::string_view warning) { warnings.emplace_back(warning); });
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_NE(warnings[0].find("9 lines can't be read"), std::string::npos) << warnings[0];
}

TEST_F(TimingCacheFile, OtherDevicesAreKeptAndNotRead) {
  TimingCache first("one"), second("other");
  first.add(key(1), 1);
  first.save(path_);
  second.load(path_, {});
  EXPECT_EQ(second.size(), 0u);
  second.add(key(1), 2);
  second.save(path_);
  TimingCache again("one");
  again.load(path_, {});
  EXPECT_EQ(again.find(key(1)), 1);
}

TEST_F(TimingCacheFile, DamagedLinesAreReportedAndMeasuredAgain) {
  TimingCache first("device");
  first.add(key(1), 1);
  first.save(path_);
  std::ofstream(path_, std::ios::app) << "device\t2\tconv 3\ta@1\t\tnan\n"
                                      << "device\t0\tconv 4\ta@1\t\t1\n"
                                      << "device\t2\tconv 5\n"
                                      << "device\t2\tconv 6\ta@1\t\t-1\n"
                                      << "device\t2\tconv 7\ta@1\t\t1 us\n";
  std::string warning;
  TimingCache second("device");
  second.load(path_, [&](Severity severity, std::string_view text) {
    EXPECT_EQ(severity, Severity::warning);
    warning = text;
  });
  EXPECT_EQ(second.size(), 1u);
  EXPECT_NE(warning.find("5 lines can't be read"), std::string::npos) << warning;
  second.save(path_);
  EXPECT_EQ(read_file(path_).find("conv 3"), std::string::npos) << "damaged lines are dropped";
}

TEST_F(TimingCacheFile, FilesCanBeAppendedToEachOther) {
  std::string text;
  for (int i = 0; i < 2; ++i) {
    TimingCache cache("device");
    cache.add(key(i), i);
    cache.save(path_);
    text += read_file(path_);
    std::remove(path_.c_str());
  }
  write(text);
  TimingCache both("device");
  both.load(path_, [](Severity, std::string_view message) { FAIL() << message; });
  EXPECT_EQ(both.size(), 2u);
}

TEST_F(TimingCacheFile, BuildsDecideByTheSameNumbers) {
  TimingCache first("device"), second("device");
  const double kept = first.add(key(1), 1.0 / 3);
  EXPECT_EQ(first.find(key(1)), kept);
  const double never = first.add(key(2), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isinf(never));
  first.save(path_);
  second.load(path_, {});
  EXPECT_EQ(second.find(key(1)), kept);
  EXPECT_EQ(second.find(key(2)), never);
}

TEST_F(TimingCacheFile, AFileOfAnotherKindIsAnError) {
  write("an engine\n");
  TimingCache cache("device");
  EXPECT_THROW(cache.load(path_, {}), Error);
  EXPECT_THROW(cache.save(path_), Error);
  EXPECT_EQ(read_file(path_), "an engine\n");
}

TEST_F(TimingCacheFile, PathsThatLeadNowhereAreErrors) {
  TimingCache cache("device");
  for (const std::string& path : {std::string(5000, 'x'), path_ + "/no/folder"}) {
    try {
      cache.load(path, {});
      cache.save(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
    }
  }
}

TEST_F(TimingCacheFile, TheTextDependsOnTheContentsAlone) {
  TimingCache first("device"), second("device");
  for (int i = 0; i < 20; ++i) first.add(key(i), i);
  for (int i = 20; i-- > 0;) second.add(key(i), i);
  first.save(path_);
  const std::string text = read_file(path_);
  std::remove(path_.c_str());
  second.save(path_);
  EXPECT_EQ(read_file(path_), text);
}

TEST_F(TimingCacheFile, NothingIsLostWhenManySaveAtOnce) {
  std::vector<std::thread> builders;
  for (int i = 0; i < 16; ++i)
    builders.emplace_back([&, i] {
      TimingCache cache("device " + std::to_string(i % 3));
      cache.add(key(i), i);
      cache.save(path_);
    });
  for (std::thread& builder : builders) builder.join();
  size_t found = 0;
  for (int device = 0; device < 3; ++device) {
    TimingCache cache("device " + std::to_string(device));
    cache.load(path_, {});
    found += cache.size();
  }
  EXPECT_EQ(found, 16u);
}

}  // namespace
}  // namespace cermet
