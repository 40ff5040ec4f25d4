#include "backends/cpu/run/kernels.h"
#include "base/custom_operators.h"
#include "base/error.h"
#include "base/plugin_call.h"

namespace cermet::cpu {
namespace {

// The outputs of one call, handed out as the plugin asks for them.
class Host {
 public:
  Host(const Problem& problem, DynamicCall& outputs, PluginCall& call)
      : problem_(problem), outputs_(outputs), call_(call), made_(problem.outputs.size()) {}

  static int wants_output(void* host, size_t output) {
    return static_cast<Host*>(host)->outputs_.wants_output(output) ? 1 : 0;
  }

  static void* allocate_output(void* host, size_t output, int32_t element_type, int32_t rank,
                               const int64_t* sizes) {
    auto& self = *static_cast<Host*>(host);
    void* memory = nullptr;
    self.call_.guarded([&] { memory = self.allocate(output, element_type, rank, sizes); });
    return memory;
  }

  void check_complete() const {
    for (size_t i = 0; i < made_.size(); ++i)
      require(made_[i] || !outputs_.wants_output(i), ErrorCode::runtime,
              "the plugin did not allocate output {}", i);
  }

 private:
  void* allocate(size_t output, int32_t element_type, int32_t rank, const int64_t* sizes) {
    require(outputs_.wants_output(output), ErrorCode::runtime,
            "the plugin allocates output {}, which nobody reads", output);
    require(!made_[output], ErrorCode::runtime, "the plugin allocates output {} twice", output);
    require(rank >= 0 && (rank == 0 || sizes != nullptr), ErrorCode::runtime,
            "output {}: the plugin gives no sizes for rank {}", output, rank);
    const ElementType type = plugin_element_type(element_type);
    const ValueType& stated = problem_.outputs[output]->type;
    Shape shape(sizes, sizes + rank);
    require(type == stated.element && (!stated.has_rank() || stated.rank() == rank),
            ErrorCode::runtime, "output {}: the plugin inferred {}, but allocates {}{}", output,
            stated.to_string(), name(type), to_string(shape));
    check_sizes(output, stated, shape);
    made_[output] = true;
    void* memory = outputs_.allocate(output, type, shape).data;
    static std::byte nothing[1];  // no elements, but NULL means failure
    return memory ? memory : nothing;
  }

  static void check_sizes(size_t output, const ValueType& stated, const Shape& shape) {
    for (size_t d = 0; d < shape.size(); ++d)
      require(shape[d] >= 0 && (!stated.has_rank() || !(*stated.dims)[d].is_constant() ||
                                (*stated.dims)[d].is_constant(shape[d])),
              ErrorCode::runtime, "output {}: the plugin inferred {}, but allocates shape {}",
              output, stated.to_string(), to_string(shape));
  }

  const Problem& problem_;
  DynamicCall& outputs_;
  PluginCall& call_;
  std::vector<bool> made_;
};

class CustomKernel : public Kernel {
 public:
  CustomKernel(const Problem& problem, const cermet_plugin_operator& op)
      : problem_(problem), op_(op), attributes_(plugin_attributes(problem.attributes)) {}

  bool dynamic() const override { return true; }

  void run_dynamic(DynamicCall& outputs) const override {
    PluginInputs inputs;
    for (const auto& input : outputs.inputs()) {
      if (!input) {
        inputs.add_absent();
        continue;
      }
      const auto& view = std::get<ConstTensorView>(*input);
      inputs.add(view.type, view.shape, view.data);
    }
    PluginCall call;
    Host host(problem_, outputs, call);
    const cermet_plugin_evaluate_call asked{sizeof(cermet_plugin_evaluate_call),
                                            &attributes_,
                                            inputs.count(),
                                            inputs.pointers(),
                                            problem_.outputs.size(),
                                            &host,
                                            Host::wants_output,
                                            Host::allocate_output};
    call.finish(op_.evaluate(op_.user_data, &asked, call.message(), call.message_size()),
                ErrorCode::runtime);
    host.check_complete();
  }

 private:
  const Problem& problem_;
  const cermet_plugin_operator& op_;
  cermet_plugin_attributes attributes_;
};

void check_operands(const std::vector<std::optional<Operand>>& operands) {
  for (const auto& operand : operands)
    require(!operand || (operand->layout.is_row_major() && operand->type.is_tensor() &&
                         operand->type.element != ElementType::string),
            ErrorCode::invalid_engine, "an operator of a plugin was given {}",
            operand ? operand->to_string() : "");
}

}  // namespace

std::unique_ptr<Kernel> make_custom_kernel(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  check_operands(problem.inputs);
  check_operands(problem.outputs);
  const std::string domain = problem.attributes.text(custom_domain);
  const std::string name = problem.attributes.text(custom_op);
  const int64_t version = problem.attributes.integer(custom_version);
  const cermet_plugin_operator* op =
      context.custom_operators ? context.custom_operators->find(domain, name, version) : nullptr;
  require(op != nullptr, ErrorCode::device,
          "no plugin that is loaded has the operator {}.{} of version {}", domain, name, version);
  return std::make_unique<CustomKernel>(problem, *op);
}

}  // namespace cermet::cpu
