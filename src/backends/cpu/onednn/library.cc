#include <array>

#include "backends/cpu/onednn/kernels.h"
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
  StepKernel(const KernelContext& context, Assemble assemble)
      : facts_(context), assemble_(assemble) {}

  // oneDNN divides work by the number of threads that it finds here.
  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    if (element_count(context.outputs[0].value()) == 0) return std::make_unique<EmptyKernel>();
    const ThreadTeam::Scope scope{ThreadTeam(context.threads)};
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

template <Assemble assemble>
std::unique_ptr<Kernel> make(const KernelContext& context) {
  return std::make_unique<StepKernel>(context, assemble);
}

const std::array<KernelEntry, 9>& entries() {
  static const std::array<KernelEntry, 9> list{{
      {"onednn.convolution", 1, make<assemble_convolution>},
      {"onednn.deconvolution", 1, make<assemble_deconvolution>},
      {"onednn.matmul", 1, make<assemble_matmul>},
      {"onednn.gemm", 1, make<assemble_gemm>},
      {"onednn.pooling", 1, make<assemble_pooling>},
      {"onednn.softmax", 1, make<assemble_softmax>},
      {"onednn.layer_normalization", 1, make<assemble_layer_normalization>},
      {"onednn.reorder", 1, make<assemble_reorder>},
      {"onednn.transpose", 1, make<assemble_transpose>},
  }};
  return list;
}

}  // namespace
}  // namespace cermet::cpu::onednn

extern "C" __attribute__((visibility("default"))) const cermet::cpu::KernelLibrary*
cermet_kernel_library() {
  using namespace cermet;
  static const dnnl_version_t* version = dnnl_version();
  static const std::string text =
      fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
  static const cpu::KernelLibrary library{cpu::kernel_library_interface, CERMET_VERSION_STRING,
                                          text.c_str(), cpu::onednn::entries()};
  return &library;
}
