#include "builder/custom_nodes.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/plugin_infer.h"

namespace cermet {

decltype(onnx::ImportOptions::claims) claims_of(const Plugins& plugins) {
  return [&plugins](std::string_view domain, std::string_view name,
                    int opset) -> std::optional<onnx::CustomOperator> {
    const cermet_plugin_operator* op = plugins.newest(domain, name, opset);
    if (op == nullptr) return std::nullopt;
    return onnx::CustomOperator{op->version,
                                [op](InferContext& context) { infer_by_plugin(*op, context); }};
  };
}

void require_plugins(const Plan& plan, const Plugins& plugins,
                     std::vector<std::string>& requirements) {
  for_each_step(plan.root.steps, [&](const Step& step) {
    if (step.problem.kind != ProblemKind::custom) return;
    const Attributes& attributes = step.problem.attributes;
    const cermet_plugin_operator* op =
        plugins.find(attributes.text(custom_domain), attributes.text(custom_op),
                     attributes.integer(custom_version));
    require(op != nullptr, ErrorCode::internal, "step '{}' is of no plugin", step.name);
    std::string needed = plugins.requirement(*op);
    if (std::find(requirements.begin(), requirements.end(), needed) == requirements.end())
      requirements.push_back(std::move(needed));
  });
}

}  // namespace cermet
