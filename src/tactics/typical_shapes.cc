#include "tactics/typical_shapes.h"

#include "base/error.h"

namespace cermet {
namespace {

// Throws where the rank is unknown or a size is none.
Shape typical_shape(const ValueType& type, SymbolValues& symbols, int64_t usual_size) {
  require(type.has_rank(), ErrorCode::unsupported, "the rank is unknown");
  Shape shape;
  for (const Dim& dim : *type.dims) {
    std::set<std::string> needed;
    dim.collect_symbols(needed);
    for (const std::string& symbol : needed) symbols.emplace(symbol, usual_size);
    shape.push_back(dim.evaluate(symbols));
    require(shape.back() > 0 || dim.is_constant(), ErrorCode::out_of_range,
            "sizes of {} are no typical ones: {} is {}", usual_size, dim.to_string(), shape.back());
  }
  return shape;
}

// By operand; nullptr where one is absent.
using Types = std::vector<const ValueType*>;

std::vector<std::optional<Shape>> typical_shapes(const Types& types, SymbolValues& symbols,
                                                 int64_t usual_size) {
  std::vector<std::optional<Shape>> shapes;
  for (const ValueType* type : types)
    shapes.push_back(type == nullptr ? std::nullopt
                                     : std::optional(typical_shape(*type, symbols, usual_size)));
  return shapes;
}

std::optional<TypicalShapes> typical_shapes(const Types& inputs, const Types& outputs,
                                            const SymbolValues& known,
                                            std::span<const int64_t> sizes) {
  for (int64_t size : sizes) {
    SymbolValues symbols = known;
    try {
      TypicalShapes shapes{
          typical_shapes(inputs, symbols, size), typical_shapes(outputs, symbols, size), {}};
      shapes.symbols = std::move(symbols);
      return shapes;
    } catch (const Error&) {
      continue;  // the sizes contradict each other or leave nothing
    }
  }
  return std::nullopt;
}

Types types_of(const Plan& plan, const std::vector<BufferId>& ids) {
  Types types;
  for (BufferId id : ids) types.push_back(id == no_buffer ? nullptr : &plan.buffer(id).type);
  return types;
}

Types types_of(const std::vector<std::optional<Operand>>& operands) {
  Types types;
  for (const auto& operand : operands) types.push_back(operand ? &operand->type : nullptr);
  return types;
}

}  // namespace

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

std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step) {
  return typical_shapes(plan, step, profile_symbols(plan), usual_sizes);
}

std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step,
                                            const SymbolValues& known,
                                            std::span<const int64_t> sizes) {
  return typical_shapes(types_of(plan, step.inputs), types_of(plan, step.outputs), known, sizes);
}

std::optional<TypicalShapes> typical_shapes(const Problem& problem, const SymbolValues& named) {
  return typical_shapes(types_of(problem.inputs), types_of(problem.outputs), named, usual_sizes);
}

}  // namespace cermet
