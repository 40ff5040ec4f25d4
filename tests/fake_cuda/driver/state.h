// What the driver's handles stand for, and what each call begins with.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "backends/cuda/run/driver_api.h"
#include "machine/grid.h"

namespace cermet::cuda {

inline constexpr CUresult error_not_initialized = 3;
inline constexpr CUresult error_invalid_device = 101;
inline constexpr CUresult error_no_device = 100;
inline constexpr CUresult error_invalid_image = 200;
inline constexpr CUresult error_invalid_context = 201;
inline constexpr CUresult error_invalid_handle = 400;
inline constexpr CUresult error_illegal_state = 401;
inline constexpr CUresult error_not_found = 500;
inline constexpr CUresult error_context_is_destroyed = 709;
inline constexpr CUresult error_capture_unsupported = 900;
inline constexpr CUresult error_capture_invalidated = 901;
inline constexpr CUresult error_capture_unmatched = 903;
inline constexpr CUresult error_capture_unjoined = 904;
inline constexpr CUresult error_capture_isolation = 905;
inline constexpr CUresult error_captured_event = 907;
inline constexpr CUresult error_capture_wrong_thread = 908;

// NOLINTBEGIN(readability-identifier-naming): the driver's names
struct CUctx_st {
  int ordinal;
  int retains = 0;
};

struct CUfunc_st {
  CUmodule module;
  std::string name;
  const emulation::Kernel* kernel;
  size_t dynamic_limit = 0;  // of cuFuncSetAttribute
};

struct CUmod_st {
  int ordinal = 0;
  void* library = nullptr;
  int file = -1;
  emulation::Module* emulated = nullptr;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};

// Work in the order in which it was given to the streams that are captured, with the places of what
// it waits for.
using Operation = std::function<CUresult()>;
struct GraphNode {
  Operation operation;
  std::set<size_t> waits;
};
struct CUgraph_st {
  std::vector<GraphNode> nodes;
};
struct CUgraphExec_st {
  std::vector<GraphNode> nodes;
};

struct Capture {
  std::unique_ptr<CUgraph_st> graph = std::make_unique<CUgraph_st>();
  CUstream origin = nullptr;
  std::thread::id thread;
  bool invalid = false;
};

struct CUstream_st {
  int ordinal = 0;
  std::vector<Operation> waiting;  // with the setting `late`
  std::shared_ptr<Capture> capture;
  // Of the capture: how much was given to the stream, and how much of it the origin waits for.
  int given = 0, joined = 0;
  std::set<size_t> last;  // nodes for which the next one waits
};

struct CUevent_st {
  unsigned flags = 0;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
  CUstream waits_in = nullptr;  // with the setting `late`: the stream that has yet to come there
  // Where it was recorded during a capture.
  std::shared_ptr<Capture> capture;
  std::map<CUstream, int> reached;  // what is done, by stream, when it is
  std::set<size_t> last;            // the nodes for which it stands
};
// NOLINTEND(readability-identifier-naming)

// All that is alive. Never destroyed: calls may come while the process ends.
struct State {
  std::mutex mutex;
  bool initialized = false;
  std::vector<CUctx_st> contexts = {{0}, {1}};
  std::unordered_set<CUmodule> modules;
  std::unordered_set<CUfunction> functions;
  std::unordered_set<CUstream> streams;
  std::unordered_set<CUevent> events;
  std::unordered_set<CUgraph> graphs;
  std::unordered_set<CUgraphExec> executables;
  std::map<uintptr_t, size_t> host_memory;
};
State& state();

enum class Needs { nothing, initialized, context };

// Begins a call: nothing else runs until it ends. It returns `error` at once unless that is 0.
class Call {
 public:
  explicit Call(const char* name, Needs needs = Needs::context);
  CUresult error = CUDA_SUCCESS;
  int ordinal = 0;  // of the thread's context

 private:
  std::unique_lock<std::mutex> lock_;
};

// Runs now, when somebody waits (late=1), or when the graph runs that the stream is captured into.
CUresult submit(CUstream stream, Operation operation);
// Does what waits in the stream, or in all.
CUresult finish(CUstream stream);
CUresult finish_all();
bool is_stream(CUstream stream);

}  // namespace cermet::cuda

#define FAKE_CUDA_CALL(...)     \
  const Call call(__VA_ARGS__); \
  if (call.error != CUDA_SUCCESS) return call.error
