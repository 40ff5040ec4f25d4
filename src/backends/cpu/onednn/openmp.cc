// The functions of GNU's OpenMP that oneDNN calls. They are found before libgomp's, because this
// module comes before libgomp in the order in which oneDNN's names are looked up, and they are
// nobody else's, because the module is opened for itself alone.
#include "backends/cpu/onednn/openmp.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <oneapi/dnnl/dnnl.hpp>

#include "backends/cpu/onednn/descriptors.h"

namespace cermet::cpu::onednn {
namespace {

// Where all threads of a region meet. They arrive within microseconds of each other, or one of them
// has lost its core.
constexpr std::chrono::microseconds barrier_spin(50);

struct Region {
  void (*function)(void*) = nullptr;
  void* data = nullptr;
  int threads = 1;
  std::atomic<int> arrived = 0;
  WaitableNumber meetings;
};

// What a thread is doing for oneDNN.
struct Member {
  Region* region = nullptr;
  int number = 0;
  int inner = 0;  // regions within the region that have this thread alone
  int threads() const { return region && inner == 0 ? region->threads : 1; }
  int place() const { return inner == 0 ? number : 0; }
  // The loop that the thread is in, and its next piece.
  long start = 0, increment = 1, count = 0, chunk = 0, next = 0;
};

thread_local ThreadTeam* current_team = nullptr;
thread_local Region opened;  // by this thread
thread_local Member member;
// Whether oneDNN asked this thread for a number of threads.
thread_local bool asked = false;

void run_share(void* data, int worker, int) {
  auto* region = static_cast<Region*>(data);
  if (worker >= region->threads) return;
  member = {.region = region, .number = worker};
  region->function(region->data);
  member = {};
}

void begin_region(void (*function)(void*), void* data, unsigned wanted) {
  if (member.region != nullptr) return static_cast<void>(++member.inner);
  const int size = current_team && !Crew::in_share() ? current_team->size() : 1;
  opened.function = function;
  opened.data = data;
  opened.threads = wanted == 0 ? size : std::min(size, static_cast<int>(wanted));
  if (opened.threads > 1) current_team->crew().begin(run_share, &opened);
  member = {.region = &opened};
}

void end_region() {
  if (member.inner > 0) return static_cast<void>(--member.inner);
  member = {};
  if (opened.threads > 1) current_team->crew().finish();
}

void meet(Region& region) {
  const uint32_t meeting = region.meetings.load();
  if (region.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < region.threads) {
    region.meetings.wait_while(meeting, barrier_spin);
    return;
  }
  region.arrived.store(0, std::memory_order_relaxed);
  region.meetings.store(meeting + 1);
}

// The next piece of the loop: one a thread without a chunk size, otherwise every threads-th chunk.
bool next_piece(long* first, long* end) {
  const int threads = member.threads(), place = member.place();
  long from = 0, length = 0;
  if (member.chunk <= 0) {
    if (member.next++ > 0) return false;
    const long each = member.count / threads, longer = member.count % threads;
    from = place * each + std::min<long>(place, longer);
    length = each + (place < longer ? 1 : 0);
  } else {
    from = (place + member.next++ * threads) * member.chunk;
    length = std::min(member.chunk, member.count - from);
  }
  if (length <= 0) return false;
  *first = member.start + from * member.increment;
  *end = member.start + (from + length) * member.increment;
  return true;
}

// A reorder's descriptor depends on the number of threads.
bool is_asked() {
  asked = false;
  const Descriptor from({1, 16, 4, 4}, dnnl::memory::data_type::f32,
                        dnnl::memory::format_tag::nchw);
  const Descriptor to({1, 16, 4, 4}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nhwc);
  const dnnl::reorder::primitive_desc probe(cpu_engine(), from, cpu_engine(), to);
  return asked;
}

using SetThreads = void (*)(int);
SetThreads foreign_set_threads() {
  static const auto function =
      reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  return function;
}

}  // namespace

bool threads_are_ours() {
  static const bool ours = is_asked();
  return ours;
}

TeamScope::TeamScope(ThreadTeam& team) : before_(current_team) {
  current_team = &team;
  if (!threads_are_ours() && foreign_set_threads()) foreign_set_threads()(team.size());
}

void TeamScope::start() {
  if (current_team != nullptr && threads_are_ours() && !Crew::in_share() &&
      current_team->size() > 1)
    current_team->crew();
}

TeamScope::~TeamScope() { current_team = before_; }

}  // namespace cermet::cpu::onednn

// NOLINTBEGIN(readability-identifier-naming): the names and types of libgomp's interface
#pragma GCC visibility push(default)
extern "C" {
using namespace cermet::cpu::onednn;

int omp_get_max_threads() {
  asked = true;
  return current_team ? current_team->size() : 1;
}
int omp_get_num_threads() { return member.threads(); }
int omp_get_thread_num() { return member.place(); }
int omp_in_parallel() { return member.threads() > 1; }

// The caller runs its share between start and end.
void GOMP_parallel_start(void (*function)(void*), void* data, unsigned threads) {
  begin_region(function, data, threads);
}
void GOMP_parallel_end() { end_region(); }
void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned) {
  begin_region(function, data, threads);
  function(data);
  end_region();
}
void GOMP_barrier() {
  if (member.threads() > 1) meet(*member.region);
}

bool GOMP_loop_static_start(long start, long end, long increment, long chunk, long* first,
                            long* last) {
  const long beyond = increment > 0 ? end - start + increment - 1 : end - start + increment + 1;
  member.start = start;
  member.increment = increment;
  member.count = std::max(0L, beyond / increment);
  member.chunk = chunk;
  member.next = 0;
  return next_piece(first, last);
}
bool GOMP_loop_static_next(long* first, long* last) { return next_piece(first, last); }
void GOMP_loop_end_nowait() {}
void GOMP_loop_end() { GOMP_barrier(); }
}
#pragma GCC visibility pop
// NOLINTEND(readability-identifier-naming)
