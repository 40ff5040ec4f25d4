#include "base/thread_team.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"

namespace cermet {
namespace {

TEST(ThreadTeam, RunsEveryWorkerOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    std::vector<int> calls(threads, 0);
    team.run([&](int worker, int workers) {
      EXPECT_EQ(workers, threads);
      ++calls[worker];
    });
    EXPECT_EQ(calls, std::vector<int>(threads, 1));
  }
}

TEST(ThreadTeam, CutsRangesAtMultiplesOfTheGrain) {
  for (const int threads : {1, 2, 3, 7})
    for (const int64_t n : {0, 1, 5, 64, 1000})
      for (const int64_t grain : {0, 1, 3, 64, 2000}) {
        ThreadTeam team(threads);
        std::vector<int> seen(n, 0);
        std::atomic<int> calls = 0;
        team.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          ++calls;
          EXPECT_LT(begin, end);
          EXPECT_EQ(begin % std::max<int64_t>(grain, 1), 0);
          for (int64_t i = begin; i < end; ++i) ++seen[i];
        });
        EXPECT_EQ(seen, std::vector<int>(n, 1));
        EXPECT_LE(calls, threads);
      }
}

TEST(ThreadTeam, OneThreadNeverEntersOpenMp) {
  ThreadTeam team(1);
  team.run([](int, int) { EXPECT_FALSE(omp_in_parallel()); });
  const auto caller = std::this_thread::get_id();
  team.parallel_for(100, 1,
                    [&](int64_t, int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(ThreadTeam, SmallWorkStaysWithTheCaller) {
  ThreadTeam team(3);
  team.parallel_for(10, 16, [](int64_t begin, int64_t end) {
    EXPECT_FALSE(omp_in_parallel());
    EXPECT_EQ(end - begin, 10);
  });
}

TEST(ThreadTeam, WorkInsideAWorkerStaysThere) {
  ThreadTeam team(2);
  std::atomic<int> total = 0;
  team.run([&](int, int) {
    team.parallel_for(10, 1,
                      [&](int64_t begin, int64_t end) { total += static_cast<int>(end - begin); });
  });
  EXPECT_EQ(total, 20);
}

TEST(ThreadTeam, ExceptionsReachTheCaller) {
  for (const int threads : {1, 3}) {
    ThreadTeam team(threads);
    std::atomic<int> finished = 0;
    EXPECT_THROW(team.run([&](int worker, int workers) {
      if (worker == workers - 1) throw std::domain_error("worker");
      ++finished;
    }),
                 std::domain_error);
    EXPECT_EQ(finished, threads - 1);
    EXPECT_THROW(team.run([](int, int) { fail(ErrorCode::runtime, "all of them"); }), Error);
  }
}

TEST(ThreadTeam, SeveralCallersHaveTheirOwn) {
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      ThreadTeam team(2);
      for (int i = 0; i < 50; ++i)
        team.parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 50 * 100);
}

TEST(ThreadTeam, ScopeGivesLibrariesTheSameSize) {
  const int before = omp_get_max_threads();
  {
    const ThreadTeam::Scope scope(ThreadTeam(3));
    EXPECT_EQ(omp_get_max_threads(), 3);
  }
  EXPECT_EQ(omp_get_max_threads(), before);
}

TEST(ThreadTeam, NeedsAThread) {
  EXPECT_THROW(ThreadTeam(0), Error);
  EXPECT_THROW(ThreadTeam(1 << 20), Error);
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace cermet
