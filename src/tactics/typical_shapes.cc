#include "tactics/typical_shapes.h"

#include "base/error.h"

namespace cermet {
namespace {

constexpr int64_t usual_size = 8;  // of a dimension that nothing is known about

SymbolValues profile_symbols(const Plan& plan) {
  SymbolValues symbols;
  if (plan.profiles.empty()) return symbols;
  for (size_t i = 0; i < plan.root.inputs.size(); ++i) {
    const ValueType& type = plan.buffer(plan.root.inputs[i]).type;
    for (const ProfileInput& input : plan.profiles[0].inputs) {
      if (input.name != plan.input_names[i] || !type.has_rank()) continue;
      for (size_t d = 0; d < type.dims->size() && d < input.opt.size(); ++d)
        if (const auto symbol = (*type.dims)[d].as_symbol()) symbols[*symbol] = input.opt[d];
    }
  }
  return symbols;
}

// Throws where the rank is unknown or the sizes contradict each other.
Shape typical_shape(const ValueType& type, SymbolValues& symbols) {
  require(type.has_rank(), ErrorCode::unsupported, "the rank is unknown");
  Shape shape;
  for (const Dim& dim : *type.dims) {
    std::set<std::string> needed;
    dim.collect_symbols(needed);
    for (const std::string& symbol : needed) symbols.emplace(symbol, usual_size);
    shape.push_back(dim.evaluate(symbols));
    require(shape.back() >= 0, ErrorCode::out_of_range, "sizes of {} are no typical ones: {} is {}",
            usual_size, dim.to_string(), shape.back());
  }
  return shape;
}

std::vector<std::optional<Shape>> typical_shapes(const Plan& plan, const std::vector<BufferId>& ids,
                                                 SymbolValues& symbols) {
  std::vector<std::optional<Shape>> shapes;
  for (BufferId id : ids)
    shapes.push_back(id == no_buffer ? std::nullopt
                                     : std::optional(typical_shape(plan.buffer(id).type, symbols)));
  return shapes;
}

}  // namespace

std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step) {
  SymbolValues symbols = profile_symbols(plan);
  try {
    return TypicalShapes{typical_shapes(plan, step.inputs, symbols),
                         typical_shapes(plan, step.outputs, symbols)};
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace cermet
