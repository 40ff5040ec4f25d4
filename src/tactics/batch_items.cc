#include "tactics/batch_items.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

// Operands of Resize and Attention.
constexpr size_t region_of_interest = 1, attention_mask = 3;

// How a value hangs together with the batch.
struct Share {
  enum class Kind : uint8_t {
    every,  // all items see the same elements
    item,   // dimension 0 holds `rows` for each item, one item after the other
    sizes,  // a shape, which may name the batch: good for saying a shape, not for computing
  };
  Kind kind = Kind::every;
  Dim rows = 1;

  bool is_item() const { return kind == Kind::item; }
  bool operator==(const Share&) const = default;
};

class ItemScan {
 public:
  ItemScan(const Plan& plan, std::string_view batch)
      : plan_(plan), name_(batch), batch_(Dim::symbol(batch)), shares_(plan.buffers.size()) {}

  std::optional<std::string> run() {
    for (size_t i = 0; i < plan_.root.inputs.size(); ++i)
      if (!begins_with_batch(plan_.root.inputs[i]))
        return fmt::format("input '{}' does not begin with the batch", plan_.input_names[i]);
    for (const Step& step : plan_.root.steps)
      if (!visit(step)) return fmt::format("{} may mix the items of a batch", step.problem.op);
    for (size_t i = 0; i < plan_.root.outputs.size(); ++i)
      if (!shares_[plan_.root.outputs[i]].is_item())
        return fmt::format("output '{}' does not begin with the batch", plan_.output_names[i]);
    return std::nullopt;
  }

 private:
  bool names_batch(const Dim& dim) const {
    std::set<std::string> symbols;
    dim.collect_symbols(symbols);
    return symbols.contains(name_);
  }

  bool begins_with_batch(BufferId id) {
    const auto share = share_of(plan_.buffer(id).type);
    if (!share || !share->is_item() || !share->rows.is_constant(1)) return false;
    shares_[id] = *share;
    return true;
  }

  // By its type alone; nothing where the batch is in another place than the first, or a size is
  // only known from data, which may be those of all items.
  std::optional<Share> share_of(const ValueType& type) const {
    if (!type.has_rank() || bit_width(type.element) < 8) return std::nullopt;
    const Dims& dims = *type.dims;
    std::set<std::string> sizes_of_data;
    for (const Dim& dim : dims) dim.collect_data_symbols(sizes_of_data);
    if (!sizes_of_data.empty()) return std::nullopt;
    for (size_t d = 1; d < dims.size(); ++d)
      if (names_batch(dims[d])) return std::nullopt;
    if (dims.empty() || !names_batch(dims[0])) return Share{};
    const auto rows = exact_div(dims[0], batch_);
    if (!rows || names_batch(*rows)) return std::nullopt;
    return Share{Share::Kind::item, *rows};
  }

  size_t rank(BufferId id) const { return plan_.buffer(id).type.dims->size(); }
  const Share& input(const Step& step, size_t i) const { return shares_[step.inputs[i]]; }
  static bool has(const Step& step, size_t i) {
    return i < step.inputs.size() && step.inputs[i] != no_buffer;
  }
  // The operator's own inputs; those behind them are the epilogue's.
  static size_t own_inputs(const Step& step) {
    return step.problem.has_epilogue() ? step.problem.epilogue_first : step.inputs.size();
  }

  bool visit(const Step& step) {
    if (!step.regions.empty()) return false;
    for (BufferId id : step.outputs) {
      if (id == no_buffer) continue;
      const auto share = share_of(plan_.buffer(id).type);
      if (!share) return false;
      shares_[id] = *share;
    }
    if (step.problem.kind == ProblemKind::dims) {
      const Dims& elements = step.problem.dims;
      if (std::any_of(elements.begin(), elements.end(),
                      [&](const Dim& dim) { return names_batch(dim); }))
        shares_[step.outputs[0]] = {Share::Kind::sizes, 1};
      return true;
    }
    return sizes_say_a_shape(step) && keeps_items(step) && epilogue_lines_up(step);
  }

  // What names the batch says the shape of a result, whose type then tells what becomes of it.
  bool sizes_say_a_shape(const Step& step) const {
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (!has(step, i) || input(step, i).kind != Share::Kind::sizes) continue;
      const std::string& op = step.problem.op;
      const bool says =
          (i == 1 && (op == "Reshape" || op == "Expand")) || (i == 3 && op == "Resize");
      if (!step.problem.domain.empty() || !says) return false;
    }
    return true;
  }

  bool keeps_items(const Step& step) const {
    const Problem& problem = step.problem;
    switch (problem.kind) {
      case ProblemKind::pointwise:
        return lines_up(step, 0);
      case ProblemKind::view:
        // Items lie one after the other, however many rows each of them is.
        return input(step, 0).kind == shares_[step.outputs[0]].kind;
      case ProblemKind::convolution:
      case ProblemKind::reduction:
        return first_is_item(step);
      case ProblemKind::pooling:
        // Places of maxima are counted through the whole batch.
        return first_is_item(step) && step.outputs.size() == 1;
      case ProblemKind::normalization:
        return first_is_item(step) && lines_up(step, 1) &&
               problem.attributes.integer("training_mode", 0) == 0 && axis_is_within(step, -1);
      case ProblemKind::softmax:
        return first_is_item(step) && axis_is_within(step, -1);
      case ProblemKind::resample:
        return input(step, 0).is_item() && keeps_rows(step) && !has(step, region_of_interest);
      case ProblemKind::matmul:
        return product_keeps_items(step);
      case ProblemKind::attention:
        return attention_keeps_items(step);
      case ProblemKind::movement:
        return movement_keeps_items(step);
      default:
        return false;
    }
  }

  // Each result has as many rows an item as the first operand. As the batch stands nowhere but
  // first, neither a transpose nor a reduction has touched it then.
  bool keeps_rows(const Step& step) const {
    return std::all_of(step.outputs.begin(), step.outputs.end(), [&](BufferId id) {
      return id == no_buffer || shares_[id] == input(step, 0);
    });
  }

  // The first operand is of the batch, the operator's others are the same for all items.
  bool first_is_item(const Step& step) const {
    if (!input(step, 0).is_item() || !keeps_rows(step)) return false;
    for (size_t i = 1; i < own_inputs(step); ++i)
      if (has(step, i) && input(step, i).kind != Share::Kind::every) return false;
    return true;
  }

  bool axis_is_within(const Step& step, int64_t otherwise) const {
    const auto dims = static_cast<int64_t>(rank(step.inputs[0]));
    const int64_t axis = step.problem.attributes.integer("axis", otherwise);
    return (axis < 0 ? axis + dims : axis) > 0;
  }

  // Operands from `first` on, broadcast to the result.
  bool lines_up(const Step& step, size_t first) const {
    for (size_t i = first; i < step.inputs.size(); ++i)
      if (has(step, i) && !broadcasts(step.inputs[i], step.outputs[0])) return false;
    return true;
  }
  bool epilogue_lines_up(const Step& step) const {
    return !step.problem.has_epilogue() || lines_up(step, step.problem.epilogue_first);
  }

  // Whether each item of the result gets elements that are its own, or everyone's.
  bool broadcasts(BufferId operand, BufferId result) const {
    const Share& from = shares_[operand];
    const Share& to = shares_[result];
    if (from.kind == Share::Kind::sizes) return false;
    if (from.is_item()) return from == to && rank(operand) == rank(result);
    return !to.is_item() || rank(operand) < rank(result) ||
           plan_.buffer(operand).type.dims->front().is_constant(1);
  }

  bool product_keeps_items(const Step& step) const {
    const Attributes& attributes = step.problem.attributes;
    if (attributes.integer("transA", 0) != 0 || rank(step.inputs[0]) < 2) return false;
    for (size_t i = 2; i < own_inputs(step); ++i)  // what a Gemm adds
      if (has(step, i) && !broadcasts(step.inputs[i], step.outputs[0])) return false;
    const Share& result = shares_[step.outputs[0]];
    const BufferId right = step.inputs[1];
    if (input(step, 1).kind == Share::Kind::every)
      return result.is_item() && input(step, 0) == result &&
             (rank(right) <= 2 || broadcasts(right, step.outputs[0]));
    return rank(right) >= 3 && broadcasts(right, step.outputs[0]) &&
           broadcasts(step.inputs[0], step.outputs[0]);
  }

  bool attention_keeps_items(const Step& step) const {
    for (size_t i = 0; i < own_inputs(step); ++i)
      if (has(step, i) &&
          (i == attention_mask ? !mask_keeps_items(step)
                               : !(input(step, i).is_item() && input(step, i) == input(step, 0))))
        return false;
    return keeps_rows(step);
  }

  // It is broadcast to [batch, heads, queries, keys].
  bool mask_keeps_items(const Step& step) const {
    const Share& share = input(step, attention_mask);
    const size_t dims = rank(step.inputs[attention_mask]);
    if (share.is_item()) return dims == 4 && share == input(step, 0);
    return dims < 4 ||
           (dims == 4 && plan_.buffer(step.inputs[attention_mask]).type.dims->at(0).is_constant(1));
  }

  // Elements of a constant of integers; nothing where it is none.
  std::optional<std::vector<int64_t>> integers(const Step& step, size_t i) const {
    if (!has(step, i) || plan_.buffer(step.inputs[i]).constant < 0) return std::nullopt;
    const Tensor& tensor = plan_.constants[plan_.buffer(step.inputs[i]).constant].tensor;
    if (tensor.type() != ElementType::int64 && tensor.type() != ElementType::int32)
      return std::nullopt;
    return load_integers(tensor.view(), "a constant");
  }

  bool movement_keeps_items(const Step& step) const {
    const std::string& op = step.problem.op;
    static constexpr std::array<std::string_view, 5> anywhere{"Identity", "Reshape", "Flatten",
                                                              "Squeeze", "Unsqueeze"};
    if (std::find(anywhere.begin(), anywhere.end(), op) != anywhere.end())
      return input(step, 0).kind == shares_[step.outputs[0]].kind;
    if (op == "Gather") return gather_keeps_items(step);
    if (op == "Expand") return broadcasts(step.inputs[0], step.outputs[0]);
    if (!input(step, 0).is_item() || !keeps_rows(step)) return false;
    if (op == "Transpose" || op == "Cast" || op == "DepthToSpace" || op == "SpaceToDepth" ||
        op == "Tile")
      return true;
    if (op == "Split") return axis_is_within(step, 0);
    if (op == "Concat")
      return axis_is_within(step, 0) &&
             std::all_of(step.inputs.begin(), step.inputs.end(),
                         [&](BufferId id) { return shares_[id] == input(step, 0); });
    if (op == "Slice") return slice_keeps_items(step);
    if (op == "Pad") return pad_keeps_items(step);
    return false;
  }

  bool gather_keeps_items(const Step& step) const {
    const Share& data = input(step, 0);
    const Share& indices = input(step, 1);
    const Share& result = shares_[step.outputs[0]];
    if (data.is_item())
      return indices.kind == Share::Kind::every && result == data && axis_is_within(step, 0);
    return data.kind == Share::Kind::every && indices.is_item() && result == indices &&
           !axis_is_within(step, 0);
  }

  bool slice_keeps_items(const Step& step) const {
    const auto axes = integers(step, 3);
    const auto dims = static_cast<int64_t>(rank(step.inputs[0]));
    return axes && std::none_of(axes->begin(), axes->end(),
                                [&](int64_t axis) { return axis == 0 || axis == -dims; });
  }

  bool pad_keeps_items(const Step& step) const {
    const auto pads = integers(step, 1);
    const auto axes = integers(step, 3);
    if (!pads || (has(step, 3) && !axes)) return false;
    const auto dims = static_cast<int64_t>(rank(step.inputs[0]));
    const size_t count = pads->size() / 2;
    for (size_t i = 0; i < count; ++i) {
      const int64_t axis = axes ? axes->at(i) : static_cast<int64_t>(i);
      if ((axis == 0 || axis == -dims) && (pads->at(i) != 0 || pads->at(i + count) != 0))
        return false;
    }
    return true;
  }

  const Plan& plan_;
  const std::string name_;
  const Dim batch_;
  std::vector<Share> shares_;  // by buffer
};

}  // namespace

std::optional<std::string> mixes_items(const Plan& plan, std::string_view batch) {
  return ItemScan(plan, batch).run();
}

}  // namespace cermet
