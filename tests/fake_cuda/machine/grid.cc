#include "machine/grid.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "machine/fibers.h"
#include "machine/warp.h"
#include "settings.h"

namespace fake_cuda {
namespace {

using emulation::Dimensions;
using emulation::Meeting;
using emulation::Together;

constexpr size_t most_dynamic_bytes = 227 << 10, canary_bytes = 128;
constexpr unsigned char poison = 0xff, canary = 0xca;

// Copies to shared memory that are under way.
struct Copy {
  void* to;
  const void* from;  // null for zeros
  int bytes;
  int group;
};

struct Thread {
  Dimensions index;
  unsigned linear;
  Fiber* fiber;  // while it waits
  int groups;    // of copies that it has ended
  std::vector<Copy> copies;
};

// Lanes that name the same mask and meet again and again. What they gave last time is read until
// all have come once more, so there are two meetings in turn.
struct Group {
  unsigned mask = 0, arrived = 0;
  Together kind = Together::sync;
  Combine combine = nullptr;
  int turn = 0;
  Meeting meetings[2];
};

struct Warp {
  unsigned live = 0;
  size_t used_groups = 0;
  std::vector<std::unique_ptr<Group>> groups;

  Group& group(unsigned mask) {
    for (size_t i = 0; i < used_groups; ++i)
      if (groups[i]->mask == mask) return *groups[i];
    if (used_groups == groups.size()) groups.push_back(std::make_unique<Group>());
    Group& group = *groups[used_groups++];
    group.mask = mask;
    group.arrived = 0;
    return group;
  }
};

// Threads start on the fiber that runs, one after the other, until one has to wait: then another
// fiber goes on. So a kernel without barriers costs a call for each thread.
class Block {
 public:
  void run(const Launch& launch, void** parameters);
  int sync_threads(int count);
  const Meeting* meet(Together kind, unsigned mask, const void* give, unsigned bytes,
                      Combine combine);
  unsigned live_lanes() { return warp_of(*current_).live; }
  Thread& current() { return *current_; }

 private:
  void reset();
  void work();
  void start_next();
  void end_current();
  void wait();
  void resume(Thread& thread);
  Thread* pop_ready();
  void release_barrier();
  void finish(Warp& warp, Group& group);
  void deadlock();
  Warp& warp_of(const Thread& thread) { return warps_[thread.linear / 32]; }
  void switch_to(Fiber& fiber) {
    Fiber& from = *fiber_;
    fiber_ = &fiber;
    from.switch_to(fiber);
  }

  const Launch* launch_ = nullptr;
  void** parameters_ = nullptr;
  bool reversed_ = false;
  unsigned count_ = 0, started_ = 0, live_ = 0;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  Thread* current_ = nullptr;

  Fiber host_;
  Fiber* fiber_ = &host_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_fibers_;
  std::vector<Thread*> ready_;  // in order, from first_ready_
  size_t first_ready_ = 0;

  std::vector<Thread*> at_barrier_;
  int barrier_sum_ = 0, barrier_result_ = 0;
};

Block& the_block() {
  static auto& block = *new Block;
  return block;
}

bool complete(const Warp& warp, const Group& group) {
  return group.arrived == (group.mask & warp.live);
}

void Block::reset() {
  const Dimensions& size = launch_->threads;
  count_ = live_ = size.x * size.y * size.z;
  started_ = 0;
  const unsigned warps = (count_ + 31) / 32;
  if (threads_.size() < count_) threads_.resize(count_);
  if (warps_.size() < warps) warps_.resize(warps);
  for (unsigned i = 0; i < warps; ++i) {
    warps_[i].live = i + 1 < warps || count_ % 32 == 0 ? 0xffffffffu : (1u << count_ % 32) - 1;
    warps_[i].used_groups = 0;
  }
  ready_.clear();
  first_ready_ = 0;
}

void Block::run(const Launch& launch, void** parameters) {
  launch_ = &launch;
  parameters_ = parameters;
  reversed_ = setting("reversed", 0) != 0;
  reset();
  work();
}

// Until there is nothing left, on the fiber that runs. Only the OS thread's own comes back.
void Block::work() {
  for (;;) {
    if (Thread* ready = pop_ready(); ready != nullptr) {
      if (fiber_ != &host_) free_fibers_.push_back(fiber_);
      resume(*ready);
    } else if (started_ < count_) {
      start_next();
    } else if (live_ != 0) {
      deadlock();
    } else {
      if (fiber_ == &host_) return;
      free_fibers_.push_back(fiber_);
      switch_to(host_);
    }
  }
}

void Block::start_next() {
  const unsigned linear = reversed_ ? count_ - 1 - started_ : started_;
  ++started_;
  const Dimensions& size = launch_->threads;
  Thread& thread = threads_[linear];
  thread.linear = linear;
  thread.index = {linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
  thread.groups = 0;
  current_ = &thread;
  machine().thread = thread.index;
  machine().linear = linear;
  launch_->kernel->run(parameters_);
  end_current();
}

void Block::end_current() {
  Thread& thread = *current_;
  if (!thread.copies.empty()) thread.copies.clear();
  Warp& warp = warp_of(thread);
  warp.live &= ~(1u << thread.linear % 32);
  --live_;
  for (size_t i = 0; i < warp.used_groups; ++i)
    if (Group& group = *warp.groups[i]; group.arrived != 0 && complete(warp, group))
      finish(warp, group);
  if (!at_barrier_.empty() && at_barrier_.size() == live_) release_barrier();
}

Thread* Block::pop_ready() {
  if (first_ready_ == ready_.size()) return nullptr;
  Thread* thread = ready_[first_ready_++];
  if (first_ready_ == ready_.size()) {
    ready_.clear();
    first_ready_ = 0;
  }
  return thread;
}

void Block::resume(Thread& thread) {
  current_ = &thread;
  machine().thread = thread.index;
  machine().linear = thread.linear;
  if (thread.fiber != fiber_) switch_to(*thread.fiber);
}

// Others run until the thread that runs is ready and its turn comes.
void Block::wait() {
  current_->fiber = fiber_;
  if (Thread* ready = pop_ready(); ready != nullptr) return resume(*ready);
  if (started_ == count_) deadlock();
  if (free_fibers_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>([] { the_block().work(); }));
    free_fibers_.push_back(fibers_.back().get());
  }
  Fiber* fiber = free_fibers_.back();
  free_fibers_.pop_back();
  switch_to(*fiber);
}

int Block::sync_threads(int count) {
  barrier_sum_ += count;
  if (at_barrier_.size() + 1 == live_) {
    release_barrier();
  } else {
    at_barrier_.push_back(current_);
    wait();
  }
  return barrier_result_;
}

void Block::release_barrier() {
  barrier_result_ = barrier_sum_;
  barrier_sum_ = 0;
  ready_.insert(ready_.end(), at_barrier_.begin(), at_barrier_.end());
  at_barrier_.clear();
}

const Meeting* Block::meet(Together kind, unsigned mask, const void* give, unsigned bytes,
                           Combine combine) {
  const unsigned lane = current_->linear % 32;
  Warp& warp = warp_of(*current_);
  if ((mask >> lane & 1) == 0) kernel_fault("the lane is not in its own mask %#x", mask);
  Group& group = warp.group(mask);
  Meeting& meeting = group.meetings[group.turn];
  if (group.arrived == 0) {
    group.kind = kind;
    group.combine = combine;
    meeting.present = 0;
  } else if (group.kind != kind || group.combine != combine) {
    kernel_fault("lanes of a warp meet in different calls (%d and %d)",
                 static_cast<int>(group.kind), static_cast<int>(kind));
  }
  if (bytes != 0) std::memcpy(meeting.slots[lane].bytes, give, bytes);
  group.arrived |= 1u << lane;
  meeting.present |= 1u << lane;
  if (complete(warp, group))
    finish(warp, group);
  else
    wait();
  return &meeting;
}

// All but the thread that runs get ready.
void Block::finish(Warp& warp, Group& group) {
  if (group.combine != nullptr) group.combine(group.meetings[group.turn]);
  group.turn ^= 1;
  const auto first = static_cast<unsigned>(&warp - warps_.data()) * 32;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((group.arrived >> lane & 1) != 0 && &threads_[first + lane] != current_)
      ready_.push_back(&threads_[first + lane]);
  group.arrived = 0;
}

void Block::deadlock() {
  size_t in_warps = live_ - at_barrier_.size();
  kernel_fault("deadlock: %zu threads wait at __syncthreads, %zu for other lanes of their warp",
               at_barrier_.size(), in_warps);
}

void async_copy(void* shared, const void* global, int bytes, bool valid) {
  const auto size = static_cast<uintptr_t>(bytes);
  if (reinterpret_cast<uintptr_t>(shared) % size != 0 ||
      (valid && reinterpret_cast<uintptr_t>(global) % size != 0))
    kernel_fault("a copy of %d bytes from %p to %p is not aligned", bytes, global, shared);
  Thread& thread = the_block().current();
  // What is there may go at once, what comes may come late.
  std::memset(shared, poison, static_cast<size_t>(bytes));
  thread.copies.push_back({shared, valid ? global : nullptr, bytes, thread.groups});
}

void async_commit() { ++the_block().current().groups; }

void async_wait(int groups) {
  Thread& thread = the_block().current();
  size_t kept = 0;
  for (const Copy& copy : thread.copies) {
    if (copy.group >= thread.groups - groups)
      thread.copies[kept++] = copy;
    else if (copy.from != nullptr)
      std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes));
    else
      std::memset(copy.to, 0, static_cast<size_t>(copy.bytes));
  }
  thread.copies.resize(kept);
}

const Launch* running = nullptr;

}  // namespace

emulation::Machine& machine() {
  static auto& machine = *[] {
    auto* made = new emulation::Machine{};
    made->dynamic_shared =
        static_cast<unsigned char*>(std::aligned_alloc(128, most_dynamic_bytes + canary_bytes));
    made->sync_threads = [](int count) { return the_block().sync_threads(count); };
    made->meet = [](Together kind, unsigned mask, const void* give, unsigned bytes) {
      return the_block().meet(kind, mask, give, bytes, nullptr);
    };
    made->live_lanes = [] { return the_block().live_lanes(); };
    made->multiply = multiply;
    made->load_matrices = load_matrices;
    made->async_copy = async_copy;
    made->async_commit = async_commit;
    made->async_wait = async_wait;
    return made;
  }();
  return machine;
}

const Meeting* meet(Together kind, unsigned mask, const void* give, unsigned bytes,
                    Combine combine) {
  return the_block().meet(kind, mask, give, bytes, combine);
}

void kernel_fault(const char* format, ...) {
  const emulation::Machine& at = machine();
  std::fprintf(stderr, "fake_cuda: kernel %s, block (%u, %u, %u), thread (%u, %u, %u): ",
               running != nullptr ? running->name.c_str() : "?", at.block.x, at.block.y, at.block.z,
               at.thread.x, at.thread.y, at.thread.z);
  std::va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::abort();
}

void run_grid(const Launch& launch, void** parameters) {
  running = &launch;
  emulation::Machine& at = machine();
  at.threads = launch.threads;
  at.blocks = launch.blocks;
  const bool poisons = setting("poison", 1) != 0;
  const auto shared_bytes = static_cast<size_t>(launch.module->end - launch.module->begin);
  unsigned char* end = at.dynamic_shared + launch.dynamic_bytes;
  std::memset(end, canary, canary_bytes);
  for (unsigned z = 0; z < launch.blocks.z; ++z)
    for (unsigned y = 0; y < launch.blocks.y; ++y)
      for (unsigned x = 0; x < launch.blocks.x; ++x) {
        at.block = {x, y, z};
        if (poisons) {
          std::memset(launch.module->begin, poison, shared_bytes);
          std::memset(at.dynamic_shared, poison, launch.dynamic_bytes);
        }
        the_block().run(launch, parameters);
      }
  for (size_t i = 0; i < canary_bytes; ++i)
    if (end[i] != canary)
      kernel_fault("wrote past the %u bytes of its dynamic shared memory", launch.dynamic_bytes);
  running = nullptr;
}

}  // namespace fake_cuda
