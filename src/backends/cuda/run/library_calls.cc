#include "backends/cuda/run/library_calls.h"

#include <limits>

#include "backends/cuda/run/cublaslt.h"
#include "backends/cuda/run/cudnn.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

// What the plan's steps want of one library.
struct Wanted {
  int64_t version = 0;
  std::string step;  // the first one
  int steps = 0;
};

Wanted wanted_of(const Plan& plan, std::string_view library) {
  Wanted wanted;
  for_each_step(plan.root.steps, [&](const Step& step) {
    if (!step.program.call || step.program.call->library != library) return;
    if (wanted.steps++ == 0) wanted.step = step.name;
    wanted.version = std::max(wanted.version, step.program.call->version);
  });
  return wanted;
}

// Opens the library where the plan calls it, which has to be as new as the calls say.
template <class Library>
std::shared_ptr<const Library> open_for(const DevicePointer& device, const Plan& plan,
                                        std::string_view shown, std::string_view package) {
  const Wanted wanted = wanted_of(plan, Library::name);
  if (wanted.steps == 0) return nullptr;
  return with_context(
      [&] {
        return fmt::format("the engine calls {} {} or newer (step '{}'{})", shown,
                           library_version(wanted.version), wanted.step,
                           wanted.steps == 1 ? "" : fmt::format(" and {} more", wanted.steps - 1));
      },
      [&] {
        auto library = Library::on(device);
        const auto& calls = library->calls();
        require(calls.version() >= wanted.version, ErrorCode::device,
                "{} is {}. Update it (`pip install -U {}`), or build the engine on this machine",
                calls.path(), library_version(calls.version()), package);
        return library;
      });
}

std::string_view shown_name(std::string_view library) {
  return library == CublasLt::name ? "cuBLASLt" : "cuDNN";
}

}  // namespace

std::string library_version(int64_t version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::string requirement_text(const LibraryCall& call) {
  return fmt::format("{} {} or newer", shown_name(call.library), library_version(call.version));
}

CallLibraries::CallLibraries(const DevicePointer& device, const Plan& plan)
    : cublaslt_(open_for<CublasLt>(device, plan, shown_name(CublasLt::name), "nvidia-cublas")),
      cudnn_(open_for<Cudnn>(device, plan, shown_name(Cudnn::name), "nvidia-cudnn-cu13")) {}

std::unique_ptr<BoundCall> CallLibraries::bind(const LibraryCall& call,
                                               const SymbolValues& symbols) const {
  const CallSizes sizes(call, symbols);
  if (call.library == CublasLt::name && call.operation == "matmul")
    return bind_matmul(cublaslt_, call, sizes);
  if (call.library == Cudnn::name && call.operation == "convolution")
    return bind_convolution(cudnn_, call, sizes);
  fail(ErrorCode::invalid_engine, "there is no call '{}' of a library '{}'", call.operation,
       call.library);
}

int64_t CallLibraries::version_of(const LibraryCall& call) const {
  return call.library == CublasLt::name ? cublaslt_->calls().version() : cudnn_->calls().version();
}

CallSizes::CallSizes(const LibraryCall& call, const SymbolValues& symbols) : call_(call) {
  for (const auto& [name, size] : call.sizes) values_[name] = size.evaluate(symbols);
}

int64_t CallSizes::get(const char* name, int64_t least, int64_t most) const {
  const auto found = values_.find(name);
  require(found != values_.end() && found->second >= least && found->second <= most,
          ErrorCode::invalid_engine, "{} of {}: '{}': expected {} to {}, got {}", call_.operation,
          call_.library, name, least, most,
          found == values_.end() ? "none" : std::to_string(found->second));
  return found->second;
}

int CallSizes::get_int(const char* name, int least) const {
  return static_cast<int>(get(name, least, std::numeric_limits<int>::max()));
}

std::vector<int64_t> CallSizes::all() const {
  std::vector<int64_t> result;
  for (const auto& [name, value] : values_) result.push_back(value);
  return result;
}

}  // namespace cermet::cuda
