#include <array>

#include "backends/cpu/onednn/kernels.h"
#include "backends/cpu/onednn/openmp.h"
#include "backends/cpu/run/kernel_library.h"
#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

using Assemble = void (*)(Assembly&);

// Results without elements need no work.
class EmptyKernel : public BoundKernel {
 public:
  void run(const Call&) override {}
};

class StepKernel : public Kernel {
 public:
  StepKernel(const KernelContext& context, Assemble assemble, bool packs)
      : facts_(context, packs), assemble_(assemble) {}

  // What the kernel packed of input i since it was made.
  std::optional<PackedConstant> packed(size_t i) const { return facts_.packed.packed(i); }

  // oneDNN divides work by the number of threads that it finds here.
  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    if (element_count(context.outputs[0].value()) == 0) return std::make_unique<EmptyKernel>();
    ThreadTeam team(context.threads);
    const TeamScope scope(team);
    try {
      Assembly assembly(facts_, context);
      assemble_(assembly);
      return assembly.take();
    } catch (const dnnl::error& error) {
      fail(error.status == dnnl_out_of_memory ? ErrorCode::out_of_memory : ErrorCode::unsupported,
           "oneDNN takes {} with shape {} not: {}. Build the engine with the tactics \"onednn.\" "
           "disabled",
           facts_.problem.op, to_string(context.outputs[0].value()), error.what());
    }
  }

 private:
  StepFacts facts_;
  Assemble assemble_;
};

struct Row {
  std::string_view tactic;
  Assemble assemble;
};
constexpr std::array rows{
    Row{"onednn.convolution", assemble_convolution},
    Row{"onednn.deconvolution", assemble_deconvolution},
    Row{"onednn.matmul", assemble_matmul},
    Row{"onednn.gemm", assemble_gemm},
    Row{"onednn.pooling", assemble_pooling},
    Row{"onednn.softmax", assemble_softmax},
    Row{"onednn.layer_normalization", assemble_layer_normalization},
    Row{"onednn.reorder", assemble_reorder},
    Row{"onednn.transpose", assemble_transpose},
};

const std::vector<KernelEntry>& entries() {
  static const std::vector<KernelEntry> list = [] {
    std::vector<KernelEntry> all;
    for (const Row& row : rows)
      all.push_back({row.tactic, 1, [assemble = row.assemble](const KernelContext& context) {
                       return std::make_unique<StepKernel>(context, assemble, true);
                     }});
    return all;
  }();
  return list;
}

const Row& row_of(const KernelContext& step) {
  const std::string& tactic = step.step->choice.tactic;
  for (const Row& row : rows)
    if (row.tactic == tactic) return row;
  fail(ErrorCode::internal, "the module has no tactic {}", tactic);
}

std::string describe_step(const KernelContext& step, const BindContext& shapes) {
  return StepKernel(step, row_of(step).assemble, false).bind(shapes)->description();
}

std::optional<PackedConstant> pack_weights(const KernelContext& step, const BindContext& shapes) {
  const StepKernel kernel(step, row_of(step).assemble, true);
  kernel.bind(shapes);
  return kernel.packed(1);
}

}  // namespace
}  // namespace cermet::cpu::onednn

extern "C" __attribute__((visibility("default"))) const cermet::cpu::KernelLibrary*
cermet_kernel_library() {
  using namespace cermet;
  static const dnnl_version_t* version = dnnl_version();
  static const std::string text =
      fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
  static const cpu::KernelLibrary library{
      cpu::kernel_library_interface, CERMET_VERSION_STRING,      text.c_str(),
      cpu::onednn::entries(),        cpu::onednn::describe_step, cpu::onednn::pack_weights};
  return &library;
}
