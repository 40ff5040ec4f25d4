#include "runtime/plugin_infer.h"

#include "base/plugin_call.h"

namespace cermet {
namespace {

constexpr int64_t dims_of_an_input = 256;

// Collects what the plugin states.
class Host {
 public:
  Host(InferContext& context, PluginCall& call)
      : context_(context), call_(call), stated_(context.output_count()) {}

  static int set_output(void* host, size_t output, int32_t element_type, int32_t rank,
                        const int64_t* sizes) {
    auto& self = *static_cast<Host*>(host);
    return self.call_.guarded([&] { self.state(output, element_type, rank, sizes); }) ? 0 : 1;
  }

  static int set_output_like(void* host, size_t output, int32_t element_type, size_t input) {
    auto& self = *static_cast<Host*>(host);
    return self.call_.guarded([&] { self.state_like(output, element_type, input); }) ? 0 : 1;
  }

  void check_complete() const {
    for (size_t i = 0; i < stated_.size(); ++i)
      context_.require(stated_[i], "the plugin's infer does not state the type of output {}", i);
  }

 private:
  ElementType begin(size_t output, int32_t element_type) {
    context_.require(output < stated_.size(), "the plugin states output {}, the node has {}",
                     output, stated_.size());
    stated_[output] = true;
    return plugin_element_type(element_type);
  }

  void state(size_t output, int32_t element_type, int32_t rank, const int64_t* sizes) {
    const ElementType type = begin(output, element_type);
    if (rank < 0) return context_.set_output_rank_unknown(output, type);
    context_.require(rank == 0 || sizes != nullptr, "output {}: the plugin states no sizes",
                     output);
    Dims dims;
    for (int32_t d = 0; d < rank; ++d) dims.push_back(dim(output, d, sizes[d]));
    context_.set_output(output, type, std::move(dims));
  }

  Dim dim(size_t output, int32_t d, int64_t size) {
    if (size >= 0) return size;
    if (size == CERMET_PLUGIN_UNKNOWN_SIZE) return context_.new_dim("d" + std::to_string(d));
    const int64_t code = -2 - size;
    const auto input = static_cast<size_t>(code / dims_of_an_input);
    const auto from = static_cast<size_t>(code % dims_of_an_input);
    context_.require(
        context_.has_input(input) && context_.has_rank(input) && from < context_.dims(input).size(),
        "output {}, dimension {}: the plugin states the size of dimension {} of input "
        "{}, which there is not",
        output, d, from, input);
    return context_.dims(input)[from];
  }

  void state_like(size_t output, int32_t element_type, size_t input) {
    const ElementType type = begin(output, element_type);
    if (!context_.has_rank(input)) return context_.set_output_rank_unknown(output, type);
    context_.set_output(output, type, context_.dims(input));
  }

  InferContext& context_;
  PluginCall& call_;
  std::vector<bool> stated_;
};

PluginInputs inputs_of(const InferContext& context) {
  PluginInputs inputs;
  for (size_t i = 0; i < context.input_count(); ++i) {
    if (!context.has_input(i)) {
      inputs.add_absent();
      continue;
    }
    const ValueType& type = context.input(i);
    require(type.is_tensor() && type.element != ElementType::string, ErrorCode::unsupported,
            "input {} is {}; plugins are handed tensors, and none of strings", i, type.to_string());
    if (!type.has_rank()) {
      inputs.add_unknown_rank(type.element);
      continue;
    }
    std::vector<int64_t> sizes;
    for (const Dim& dim : *type.dims)
      sizes.push_back(dim.is_constant() ? dim.constant() : CERMET_PLUGIN_UNKNOWN_SIZE);
    const auto constant = context.constant(i);
    inputs.add(type.element, std::move(sizes), constant ? constant->data : nullptr);
  }
  return inputs;
}

}  // namespace

void infer_by_plugin(const cermet_plugin_operator& op, InferContext& context) {
  const cermet_plugin_attributes attributes = plugin_attributes(context.attributes());
  const PluginInputs inputs = inputs_of(context);
  PluginCall call;
  Host host(context, call);
  const cermet_plugin_infer_call asked{
      sizeof(cermet_plugin_infer_call), &attributes, inputs.count(),   inputs.pointers(),
      context.output_count(),           &host,       Host::set_output, Host::set_output_like};
  call.finish(op.infer(op.user_data, &asked, call.message(), call.message_size()),
              ErrorCode::invalid_model);
  host.check_complete();
}

}  // namespace cermet
