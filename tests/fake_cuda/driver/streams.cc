// The driver's calls about streams and events. Work is done when it is given to a stream, unless
// the stream is captured; with late=1 when somebody waits for it, as late as may be.
#include <algorithm>

#include "driver/state.h"
#include "settings.h"

using namespace cermet::cuda;

namespace cermet::cuda {

bool is_stream(CUstream stream) { return stream == nullptr || state().streams.count(stream) != 0; }

CUresult submit(CUstream stream, Operation operation) {
  if (stream == nullptr || stream->capture == nullptr) {
    if (stream == nullptr || fake_cuda::setting("late", 0) == 0) return operation();
    stream->waiting.push_back(std::move(operation));
    return CUDA_SUCCESS;
  }
  if (stream->capture->invalid) return error_capture_invalidated;
  std::vector<GraphNode>& nodes = stream->capture->graph->nodes;
  nodes.push_back({std::move(operation), stream->last});
  stream->last = {nodes.size() - 1};
  ++stream->given;
  return CUDA_SUCCESS;
}

CUresult finish(CUstream stream) {
  if (stream == nullptr) return finish_all();
  CUresult result = CUDA_SUCCESS;
  const std::vector<Operation> work = std::move(stream->waiting);
  stream->waiting.clear();
  for (const Operation& operation : work)
    if (result == CUDA_SUCCESS) result = operation();
  return result;
}

CUresult finish_all() {
  CUresult result = CUDA_SUCCESS;
  for (CUstream stream : state().streams)
    if (const CUresult own = finish(stream); result == CUDA_SUCCESS) result = own;
  return result;
}

}  // namespace cermet::cuda

namespace {

// What a captured stream can't do also spoils the capture.
CUresult unsupported(Capture& capture, CUresult error) {
  capture.invalid = true;
  return error;
}

bool is_event(CUevent event) { return state().events.count(event) != 0; }

void happen(CUevent event) {
  event->recorded = true;
  event->time = std::chrono::steady_clock::now();
  event->waits_in = nullptr;
}

// Does what is in front of the event in its stream, and leaves the rest.
CUresult finish_until(const CUevent_st& event) {
  while (is_stream(event.waits_in) && event.waits_in != nullptr) {
    std::vector<Operation>& waiting = event.waits_in->waiting;
    if (waiting.empty()) break;
    const Operation next = std::move(waiting.front());
    waiting.erase(waiting.begin());
    if (const CUresult error = next(); error != CUDA_SUCCESS) return error;
  }
  return CUDA_SUCCESS;
}

CUresult wait_captured(CUstream stream, const CUevent_st& event) {
  if (stream->capture == nullptr) {
    stream->capture = event.capture;
    stream->given = stream->joined = 0;
    stream->last.clear();
  } else if (stream->capture != event.capture) {
    return unsupported(*stream->capture, error_capture_isolation);
  }
  ++stream->given;
  stream->last.insert(event.last.begin(), event.last.end());
  if (stream->capture->origin != stream) return CUDA_SUCCESS;
  for (const auto& [other, reached] : event.reached)
    if (is_stream(other)) other->joined = std::max(other->joined, reached);
  return CUDA_SUCCESS;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned) {
  FAKE_CUDA_CALL("cuStreamCreate");
  *stream = new CUstream_st{};
  (*stream)->ordinal = call.ordinal;
  state().streams.insert(*stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  FAKE_CUDA_CALL("cuStreamDestroy_v2");
  if (state().streams.count(stream) == 0) return error_invalid_handle;
  finish(stream);
  state().streams.erase(stream);
  if (stream->capture != nullptr) stream->capture->invalid = true;
  delete stream;
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  FAKE_CUDA_CALL("cuStreamSynchronize");
  if (!is_stream(stream)) return error_invalid_handle;
  if (stream != nullptr && stream->capture != nullptr)
    return unsupported(*stream->capture, error_capture_unsupported);
  return finish(stream);
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  FAKE_CUDA_CALL("cuStreamWaitEvent");
  if (!is_stream(stream) || !is_event(event)) return error_invalid_handle;
  if (event->capture != nullptr)
    return stream != nullptr ? wait_captured(stream, *event) : error_capture_unsupported;
  if (stream != nullptr && stream->capture != nullptr && event->recorded)
    return unsupported(*stream->capture, error_capture_isolation);
  return finish_all();  // what the event stands for among it
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode) {
  FAKE_CUDA_CALL("cuStreamBeginCapture_v2");
  if (!is_stream(stream)) return error_invalid_handle;
  if (stream == nullptr) return error_capture_unsupported;
  if (stream->capture != nullptr) return error_illegal_state;
  stream->capture = std::make_shared<Capture>();
  stream->capture->origin = stream;
  stream->capture->thread = std::this_thread::get_id();
  stream->given = stream->joined = 0;
  stream->last.clear();
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  FAKE_CUDA_CALL("cuStreamEndCapture");
  if (!is_stream(stream)) return error_invalid_handle;
  if (stream == nullptr || stream->capture == nullptr) return error_illegal_state;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture->origin != stream) return unsupported(*capture, error_capture_unmatched);
  if (capture->thread != std::this_thread::get_id())
    return unsupported(*capture, error_capture_wrong_thread);
  CUresult result = capture->invalid ? error_capture_invalidated : CUDA_SUCCESS;
  for (CUstream other : state().streams) {
    if (other->capture != capture) continue;
    if (other != stream && other->joined < other->given && result == CUDA_SUCCESS)
      result = error_capture_unjoined;
    other->capture.reset();
  }
  *graph = nullptr;
  if (result != CUDA_SUCCESS) return result;
  stream->last.clear();
  *graph = capture->graph.release();
  state().graphs.insert(*graph);
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent* event, unsigned flags) {
  FAKE_CUDA_CALL("cuEventCreate");
  *event = new CUevent_st{};
  (*event)->flags = flags;
  state().events.insert(*event);
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
  FAKE_CUDA_CALL("cuEventDestroy_v2");
  if (state().events.erase(event) == 0) return error_invalid_handle;
  delete event;
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  FAKE_CUDA_CALL("cuEventRecord");
  if (!is_stream(stream) || !is_event(event)) return error_invalid_handle;
  event->capture = stream != nullptr ? stream->capture : nullptr;
  event->reached.clear();
  if (event->capture != nullptr) {
    event->reached[stream] = stream->given;
    event->last = stream->last;
  }
  happen(event);
  if (event->capture != nullptr) return CUDA_SUCCESS;
  event->waits_in = stream;
  return submit(stream, [event]() -> CUresult {
    if (is_event(event)) happen(event);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
  FAKE_CUDA_CALL("cuEventRecordWithFlags");
  if (!is_stream(stream) || !is_event(event)) return error_invalid_handle;
  if (flags != CU_EVENT_RECORD_EXTERNAL) return CUDA_ERROR_INVALID_VALUE;
  // Outside of captures the driver does not take the flag.
  if (stream == nullptr || stream->capture == nullptr) return error_illegal_state;
  return submit(stream, [event] {
    event->recorded = true;
    event->time = std::chrono::steady_clock::now();
    event->capture.reset();
    event->reached.clear();
    return CUDA_SUCCESS;
  });
}

CUresult cuEventSynchronize(CUevent event) {
  FAKE_CUDA_CALL("cuEventSynchronize");
  if (!is_event(event)) return error_invalid_handle;
  if (event->capture != nullptr) return unsupported(*event->capture, error_captured_event);
  return finish_until(*event);
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent begin, CUevent end) {
  FAKE_CUDA_CALL("cuEventElapsedTime");
  if (!is_event(begin) || !is_event(end)) return error_invalid_handle;
  if (begin->capture != nullptr || end->capture != nullptr) return error_captured_event;
  if (!begin->recorded || !end->recorded ||
      ((begin->flags | end->flags) & CU_EVENT_DISABLE_TIMING) != 0)
    return error_invalid_handle;
  if (begin->waits_in != nullptr || end->waits_in != nullptr) return CUDA_ERROR_NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return CUDA_SUCCESS;
}
}
// NOLINTEND(readability-identifier-naming)
