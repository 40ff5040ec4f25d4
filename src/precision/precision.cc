#include "precision/precision.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "ops/graph_builder.h"
#include "precision/marks.h"
#include "precision/narrow_numbers.h"

namespace cermet {
namespace {

// One graph. Its nodes are written anew in their order, with casts where they are needed first.
class Rewrite {
 public:
  Rewrite(Graph& graph, ElementType type, const Logger& logger)
      : graph_(graph), type_(type), logger_(logger), marks_(graph) {
    for (ValueId id : graph.outputs()) output_types_.push_back(graph.type(id).element);
  }

  // Input i of the graph comes in 16 bits.
  void narrow_input(size_t i) { graph_.value(graph_.inputs()[i]).type.element = type_; }

  void run() {
    for (NodeId id : graph_.order()) {
      Node node = std::move(graph_.node(id));
      graph_.remove_node(id);
      rewrite(node);
      nodes_.push_back(std::move(node));
    }
    for (size_t i = 0; i < output_types_.size(); ++i)
      if (const ValueId id = graph_.outputs()[i]; graph_.type(id).element != output_types_[i])
        graph_.set_output(i, wide(id));
    for (Node& node : nodes_) graph_.add_node(std::move(node));
    remove_dead_nodes();
    graph_.compact();
  }

 private:
  bool is_narrow(ValueId id) const {
    return marks_.is_real(id) && graph_.type(id).element == type_;
  }
  const Tensor* constant(ValueId id) const {
    if (id == no_value || !graph_.value(id).constant) return nullptr;
    return &graph_.value(id).constant->tensor;
  }
  // A constant of float32 with numbers that the type has not.
  bool is_huge(ValueId id) const {
    return marks_.is_real(id) && constant(id) != nullptr && !is_narrow(id) &&
           exceeds(*constant(id), type_);
  }

  void rewrite(Node& node) {
    if (!node.subgraphs.empty()) return rewrite_control(node);
    if (is_cast_between_equals(node)) return;
    if (const auto expression = expression_of_operands(node))
      return rewrite_elementwise(node, *expression);
    if (becomes_narrow(node)) {
      if (ends_wide(node)) add_epilogue(node);
      rewrite_operator(node);
    } else {
      widen(node, node.epilogue ? node.epilogue->first_input : node.inputs.size());
    }
    if (node.epilogue) rewrite_epilogue(node);
  }

  // The model's own casts to and from the type (of inputs and outputs that are given in it).
  bool is_cast_between_equals(Node& node) {
    if (!only_casts(node)) return false;
    const ValueId from = node.inputs[0], to = node.outputs[0];
    if (!marks_.is_real(from) && graph_.type(from).element == type_ && marks_.is_real(to) &&
        !marks_.is_pinned(to)) {
      narrow_.emplace(to, from);  // who wants 16 bits reads what is cast
      return true;
    }
    if (!is_narrow(from) || graph_.type(to).element != type_) return false;
    Node same;
    same.op = "Identity";
    same.name = node.name;
    same.inputs = {from};
    same.outputs = {to};
    same.origin = node.origin;
    node = std::move(same);
    for (size_t i = 0; i < graph_.outputs().size(); ++i)
      if (graph_.outputs()[i] == to) graph_.set_output(i, from);
    narrow_.emplace(to, from);
    return true;
  }

  static bool only_casts(const Node& node) {
    if (node.is("Cast")) return true;
    const auto& nodes = node.expression.nodes();
    return node.is("Pointwise", "cermet") && node.inputs.size() == 1 && nodes.size() == 2 &&
           node.expression.results() == std::vector<int>{1} && nodes[1].op == ScalarOp::cast;
  }

  // With the types that the operands had in the model.
  std::optional<ScalarExpr> expression_of_operands(const Node& node) const {
    if (node.is("Pointwise", "cermet")) return node.expression;
    Graph types;
    Node alone = node;
    const auto stand_in = [&](ValueId& id) {
      if (id == no_value) return;
      ValueType type = graph_.type(id);
      if (marks_.is_real(id)) type.element = ElementType::float32;
      id = types.add_input("", std::move(type));
    };
    for (ValueId& id : alone.inputs) stand_in(id);
    for (ValueId& id : alone.outputs) stand_in(id);
    return expression_of(types, alone);
  }

  bool becomes_narrow(const Node& node) const {
    const NarrowOperator& row = narrow_operator(node.domain, node.op);
    if (row.form == NarrowForm::none) return false;
    bool narrow = row.form == NarrowForm::product, constants_alone = true, any = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (marks_.is_pinned(input)) return false;
      if (!marks_.takes_narrow(node, i)) continue;
      any = true;
      if (is_huge(input) && (row.saturated >> i & 1U) == 0) return stays_wide(node, input);
      constants_alone &= constant(input) != nullptr;
      narrow |= constant(input) == nullptr && is_narrow(input);
    }
    const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](ValueId output) { return marks_.is_wanted(output); });
    return any && !marks_.multiplies_counts(node) && (narrow || (constants_alone && wanted));
  }

  bool stays_wide(const Node& node, ValueId input) const {
    log_info(logger_,
             "node '{}' ({}) stays in float32: the constant '{}' has numbers beyond the range of "
             "{}",
             node.name, node.op, graph_.value(input).name, name(type_));
    return false;
  }

  bool counts(const Node& node) const {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](ValueId output) { return marks_.is_count(output); });
  }

  // A product whose result nobody wants in 16 bits gives float32 at once.
  bool ends_wide(const Node& node) const {
    static constexpr std::array<std::string_view, 4> names{"Conv", "ConvTranspose", "MatMul",
                                                           "Gemm"};
    return !node.epilogue && std::find(names.begin(), names.end(), node.op) != names.end() &&
           marks_.is_real(node.outputs[0]) && !marks_.is_wanted(node.outputs[0]);
  }

  static void add_epilogue(Node& node) {
    node.inputs.resize(node.op == "MatMul" ? 2 : 3, no_value);
    node.epilogue.emplace();
    node.epilogue->first_input = node.inputs.size();
    ScalarExpr& expression = node.epilogue->expression;
    expression.add_result(expression.input(0, ElementType::float32));
  }

  void rewrite_operator(Node& node) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (marks_.takes_narrow(node, i))
        node.inputs[i] = narrow(node.inputs[i]);
      else if (!node.epilogue || i < node.epilogue->first_input)
        node.inputs[i] = wide(node.inputs[i]);
    }
    Node alone = node;
    if (alone.epilogue) alone.inputs.resize(alone.epilogue->first_input, no_value);
    alone.epilogue.reset();
    const auto inferred = infer_node(graph_, alone);
    own_result_ = inferred[0].type.element;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (marks_.is_real(node.outputs[i]) && (i > 0 || !node.epilogue))
        graph_.value(node.outputs[i]).type.element = inferred[i].type.element;
  }

  void widen(Node& node, size_t count) {
    for (size_t i = 0; i < std::min(count, node.inputs.size()); ++i)
      node.inputs[i] = wide(node.inputs[i]);
    own_result_ = ElementType::float32;
  }

  // Operand 0 is the operator's own result.
  void rewrite_epilogue(Node& node) {
    const size_t first = node.epilogue->first_input;
    const ScalarExpr& expression = node.epilogue->expression;
    ElementType own = own_result_;
    for (const ScalarNode& each : expression.nodes())
      if (each.op == ScalarOp::input && each.index == 0 && each.type != ElementType::float32)
        own = each.type;
    node.epilogue->expression = on_operands(node, first, {own}, expression);
  }

  void rewrite_elementwise(Node& node, const ScalarExpr& expression) {
    ScalarExpr made = on_operands(node, 0, {}, expression);
    if (made == expression) return;
    node.domain = "cermet";
    node.op = "Pointwise";
    node.attributes = {};
    node.expression = without_absent(node.inputs, made);
    std::erase(node.inputs, no_value);
  }

  // The expression with its operands counted as those inputs that are there.
  static ScalarExpr without_absent(const std::vector<ValueId>& inputs,
                                   const ScalarExpr& expression) {
    ScalarExpr made;
    std::vector<int> operands(inputs.size(), -1);
    for (const ScalarNode& node : expression.nodes()) {
      if (node.op != ScalarOp::input) continue;
      const auto at = inputs.begin() + node.index;
      const auto absent = std::count(inputs.begin(), at, no_value);
      operands[node.index] = made.input(node.index - static_cast<int>(absent), node.type);
    }
    for (int result : made.inline_expression(expression, operands)) made.add_result(result);
    return made;
  }

  // The expression for the operands from input `first` on as they are now; results become narrow
  // where they are wanted so. `types` are those of the operands before.
  ScalarExpr on_operands(Node& node, size_t first, std::vector<ElementType> types,
                         const ScalarExpr& expression) {
    const bool stays =
        counts(node) || std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
          return marks_.is_pinned(id) || marks_.is_statistic(id);
        });
    bool saturate = exceeds(expression, type_);
    std::vector<ElementType> results;
    for (size_t i = 0; i < expression.results().size(); ++i) {
      const ValueId output = node.outputs[i];
      results.push_back(expression.result_type(i));
      if (stays || !marks_.is_real(output) || !marks_.is_wanted(output)) continue;
      results.back() = graph_.value(output).type.element = type_;
    }
    const bool narrows = std::find(results.begin(), results.end(), type_) != results.end();
    for (size_t i = first; i < node.inputs.size(); ++i) {
      ValueId& input = node.inputs[i];
      saturate |= is_huge(input) ||
                  (marks_.is_real(input) && constant(input) == nullptr && !is_narrow(input));
      if (narrows && may_be_narrow(input)) input = narrow(input);
      types.push_back(input == no_value ? ElementType::undefined : graph_.type(input).element);
    }
    return fits(expression, types, results) ? expression
                                            : retyped(expression, types, results, saturate);
  }

  static bool fits(const ScalarExpr& expression, const std::vector<ElementType>& types,
                   const std::vector<ElementType>& results) {
    for (size_t i = 0; i < results.size(); ++i)
      if (expression.result_type(i) != results[i]) return false;
    return std::all_of(expression.nodes().begin(), expression.nodes().end(),
                       [&](const ScalarNode& node) {
                         return node.op != ScalarOp::input || types[node.index] == node.type;
                       });
  }

  // Constants that an expression may read in 16 bits without losing much; it takes any type.
  bool may_be_narrow(ValueId id) const {
    const Tensor* tensor = constant(id);
    return tensor != nullptr && marks_.is_real(id) && tensor->elements() > 1 && !is_huge(id) &&
           !vanishes(*tensor, type_);
  }

  // What is captured comes in 16 bits where bodies want it so; the rest of what they take and give
  // stays in float32.
  void rewrite_control(Node& node) {
    const bool is_if = node.is("If");
    const size_t captured = is_if ? node.inputs.size() - 1
                                  : static_cast<size_t>(node.attributes.integer("captured", 0));
    const size_t own = node.inputs.size() - captured, shift = is_if ? 1 : 0;
    std::deque<Rewrite> bodies;
    for (Graph& body : node.subgraphs) bodies.emplace_back(body, type_, logger_);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId& input = node.inputs[i];
      const bool narrows = i >= own && may_be_captured(input);
      input = narrows ? narrow(input) : wide(input);
      for (Rewrite& body : bodies)
        if (narrows) body.narrow_input(i - shift);
    }
    for (Rewrite& body : bodies) body.run();
  }

  // What a body would have to convert each time.
  bool may_be_captured(ValueId id) const {
    if (is_narrow(id)) return true;
    return marks_.is_wanted(id) && !marks_.is_pinned(id) && !marks_.is_count(id) &&
           (constant(id) == nullptr || (constant(id)->elements() > 1 && !is_huge(id)));
  }

  ValueId wide(ValueId id) {
    if (!is_narrow(id)) return id;
    const auto [found, fresh] = wide_.emplace(id, no_value);
    if (!fresh) return found->second;
    Node node;
    node.op = "Cast";
    node.attributes.set("to", static_cast<int64_t>(ElementType::float32));
    return found->second = convert(std::move(node), id, ElementType::float32);
  }

  ValueId narrow(ValueId id) {
    if (!marks_.is_real(id) || is_narrow(id)) return id;
    const auto [found, fresh] = narrow_.emplace(id, no_value);
    if (!fresh) return found->second;
    if (const Tensor* tensor = constant(id)) return found->second = narrow_constant(id, *tensor);
    Node node;
    node.domain = "cermet";
    node.op = "Pointwise";
    const int operand = node.expression.input(0, ElementType::float32);
    node.expression.add_result(add_narrowed(node.expression, operand, type_, true));
    return found->second = convert(std::move(node), id, type_);
  }

  ValueId narrow_constant(ValueId id, const Tensor& tensor) {
    Recipe recipe = graph_.value(id).constant->recipe;
    recipe.operations.push_back(fmt::format("to {}", name(type_)));
    return graph_.add_constant(fmt::format("{}.{}", graph_.value(id).name, name(type_)),
                               narrowed(tensor, type_), std::move(recipe));
  }

  // Adds the node, which reads `from`; its result has the given type.
  ValueId convert(Node node, ValueId from, ElementType to) {
    GraphValue value;
    value.name = fmt::format("{}.{}", graph_.value(from).name, name(to));
    value.type = graph_.type(from);
    value.type.element = to;
    value.makeshift = true;
    node.name = value.name;
    node.inputs = {from};
    node.outputs = {graph_.add_value(std::move(value))};
    nodes_.push_back(std::move(node));
    return nodes_.back().outputs[0];
  }

  void remove_dead_nodes() {
    const std::vector<NodeId> order = graph_.order();
    for (size_t i = order.size(); i-- > 0;) {
      if (!is_conversion(graph_.node(order[i]))) continue;
      const ValueId output = graph_.node(order[i]).outputs[0];
      if (!graph_.is_output(output) && graph_.consumers()[output].empty())
        graph_.remove_node(order[i]);
    }
  }

  bool is_conversion(const Node& node) const {
    return (only_casts(node) || node.is("Identity")) && narrow_.contains(node.outputs[0]);
  }

  Graph& graph_;
  const ElementType type_;
  const Logger& logger_;
  const PrecisionMarks marks_;
  std::vector<ElementType> output_types_;  // which stay
  std::vector<Node> nodes_;
  std::map<ValueId, ValueId> narrow_, wide_;       // the other form of a value
  ElementType own_result_ = ElementType::float32;  // of the operator at hand
};

}  // namespace

void lower_precision(Graph& graph, ElementType type, const Logger& logger) {
  require(type == ElementType::float16 || type == ElementType::bfloat16,
          ErrorCode::invalid_argument, "a model can be computed in float16 or bfloat16, not in {}",
          name(type));
  Rewrite(graph, type, logger).run();
}

}  // namespace cermet
