#include "backends/cuda/build/dft.h"

#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/moved_operands.h"
#include "backends/cuda/build/operator_rule.h"

namespace cermet::cuda {
namespace {

enum : size_t { signal, dft_length, dft_axis };                  // inputs of DFT
enum : size_t { frame_step = 1, window = 2, frame_length = 3 };  // of STFT

bool flag(const Problem& problem, std::string_view name, int64_t otherwise) {
  return problem.attributes.integer(name, otherwise) != 0;
}

// The one positive number of a constant input; nothing where it is something else.
std::optional<int64_t> constant_size(const TacticQuery& query, size_t i) {
  const auto values = constant_integers(query, i);
  if (!values || values->size() != 1 || values->front() < 1) return std::nullopt;
  return values->front();
}

// The constant axis of a DFT; nothing where it is an input, or no axis of a signal.
std::optional<size_t> signal_axis(const TacticQuery& query) {
  const Problem& problem = query.problem();
  int64_t axis = -2;
  if (has_input(problem, dft_axis)) {
    const auto values = constant_integers(query, dft_axis);
    if (!values || values->size() != 1) return std::nullopt;
    axis = values->front();
  }
  const int64_t rank = problem.inputs[signal]->type.rank();
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank - 1) return std::nullopt;
  return static_cast<size_t>(axis);
}

// The sizes of a transform: of its line, and of what its sum runs over at most.
struct Transform {
  Dim length, terms;
};

struct Axis {
  size_t index;
  Transform transform;
};

// A one-sided inverse transform has real results, and reads half of a line.
bool is_to_real(const Problem& problem) {
  return flag(problem, "inverse", 0) && flag(problem, "onesided", 0);
}

Axis dft_sizes(const TacticQuery& query, const Dims& in, const Dims& out) {
  const size_t axis = signal_axis(query).value();
  Dim length = is_to_real(query.problem()) ? out[axis] : in[axis];
  if (const auto given = constant_size(query, dft_length)) length = *given;
  const Dim most = is_to_real(query.problem()) ? floor_div(length, Dim(2)) + 1 : length;
  return {axis, {length, min(in[axis], most)}};
}

Transform stft_sizes(const TacticQuery& query, const Dims& in, const Dims* weights) {
  Dim length = weights != nullptr ? weights->front() : in[1];
  if (const auto given = constant_size(query, frame_length)) length = *given;
  return {length, weights != nullptr ? min(length, weights->front()) : length};
}

std::optional<std::string> dft_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.inputs[signal]->type.rank() < 2) return "the signal has no axis";
  if (has_input(problem, dft_length) && !constant_size(query, dft_length))
    return "dft_length is no constant";
  if (!signal_axis(query)) return "the axis is no constant";
  return std::nullopt;
}

std::optional<std::string> stft_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const int rank = problem.inputs[signal]->type.rank();
  if (rank != 2 && rank != 3) return "the signal is not [batch, samples, 1 or 2]";
  if (!constant_size(query, frame_step)) return "frame_step is no constant";
  if (has_input(problem, frame_length) && !constant_size(query, frame_length))
    return "frame_length is no constant";
  if (has_input(problem, window)) {
    const ValueType& type = problem.inputs[window]->type;
    if (type.rank() != 1) return "the window is no list";
    if (type.element != problem.inputs[signal]->type.element)
      return "window and signal have different types";
  }
  return std::nullopt;
}

// What both kernels begin with: value_t, the type of sums.
void begin(KernelWriter& writer) {
  writer.include("dft.cu");
  const ElementType type = writer.problem().inputs[signal]->type.element;
  writer.declare(fmt::format("using value_t = {};\n", compute_type(type)));
}

constexpr std::string_view size_type = "using size_type = SizeType<index_t>::type;\n";

std::string size_value(KernelWriter& writer, const Dim& size) {
  return fmt::format("static_cast<size_type>({})", writer.value(size));
}

// "y[at] = PART;", rounded to the result's type.
std::string store(KernelWriter& writer, std::string_view at, std::string_view part) {
  return fmt::format("{}[{}] = from_compute<{}>({});\n", writer.output(0), at,
                     storage_type(writer.problem().outputs[0]->type.element), part);
}

// y[o, k, i] = scale * sum over n of x[o, n, i] * exp(-+ 2 pi i k n / length), where x is 0 beyond
// its end and scale is 1, or 1 / length of an inverse transform. To real results, the missing half
// of x is the conjugate of the half that is there: each number but the first and the middle one
// counts twice by its real part.
DeviceSource dft(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims &in = sizes.input(signal), &out = sizes.output(0);
  const auto [axis, transform] = dft_sizes(query, in, out);
  const auto at = in.begin() + static_cast<std::ptrdiff_t>(axis);
  const Dim outer = product(Dims(in.begin(), at)), inner = product(Dims(at + 1, in.end() - 1));
  KernelWriter writer(problem, "dft");
  begin(writer);
  std::string body = fmt::format(
      "const size_type length = {};\nconst index_t parts = {};\n"
      "const auto* line = {} + (c0 * {} * {} + c2) * parts;\n"
      "const auto read = [=](size_type n) {{\n"
      "Complex<value_t> x = load_number<value_t>(line + static_cast<index_t>(n) * {} * parts, "
      "parts == 2);\n",
      size_value(writer, transform.length), index_value(writer, in.back()), writer.input(signal),
      index_value(writer, *at), index_value(writer, inner), index_value(writer, inner));
  if (is_to_real(problem))
    body +=
        "const bool is_alone = n == 0 || 2 * n == length;\n"
        "x = {is_alone ? x.real : 2 * x.real, is_alone ? value_t(0) : 2 * x.imaginary};\n";
  body += fmt::format(
      "return x;\n}};\nconst Complex<value_t> sum = fourier_sum<value_t, {}, size_type>("
      "static_cast<size_type>(c1), length, {}, read);\n",
      flag(problem, "inverse", 0), size_value(writer, transform.terms));
  const std::string scale = flag(problem, "inverse", 0) ? " / static_cast<value_t>(length)" : "";
  if (is_to_real(problem)) {
    body += store(writer, "i", "sum.real" + scale);
  } else {
    body += store(writer, "2 * i", "sum.real" + scale);
    body += store(writer, "2 * i + 1", "sum.imaginary" + scale);
  }
  DeviceSource source;
  finish_pack_loop(writer, {outer, out[axis], inner}, 1, size_type, body, source);
  return source;
}

// y[b, f, k] = sum over n of window[n] * x[b, f * step + n] * exp(-2 pi i k n / length), over the
// window, or all of the frame where there is none.
DeviceSource stft(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims &in = sizes.input(signal), &out = sizes.output(0);
  const bool has_window = has_input(problem, window);
  const Transform transform = stft_sizes(query, in, has_window ? &sizes.input(window) : nullptr);
  KernelWriter writer(problem, "stft");
  begin(writer);
  const std::string parts = in.size() == 3 ? index_value(writer, in[2]) : "1";
  std::string body = fmt::format(
      "const index_t parts = {0}, begin = c1 * static_cast<index_t>({1}LL);\n"
      "const auto* frame = {2} + (c0 * {3} + begin) * parts;\n"
      "const auto read = [=](size_type n) {{\n"
      "Complex<value_t> x = load_number<value_t>(frame + static_cast<index_t>(n) * parts, "
      "parts == 2);\n",
      parts, constant_size(query, frame_step).value(), writer.input(signal),
      index_value(writer, in[1]));
  if (has_window)
    body += fmt::format(
        "const value_t weight = to_compute({}[n]);\n"
        "x = {{x.real * weight, x.imaginary * weight}};\n",
        writer.input(window));
  body += fmt::format(
      "return x;\n}};\nconst Complex<value_t> sum = fourier_sum<value_t, false, size_type>("
      "static_cast<size_type>(c2), {}, {}, read);\n",
      size_value(writer, transform.length), size_value(writer, transform.terms));
  body += store(writer, "2 * i", "sum.real") + store(writer, "2 * i + 1", "sum.imaginary");
  DeviceSource source;
  finish_pack_loop(writer, {out[0], out[1], out[2]}, 1, size_type, body, source);
  return source;
}

Dim dft_terms(const TacticQuery& query, const TypicalShapes& shapes) {
  return dft_sizes(query, to_dims(*shapes.inputs[signal]), to_dims(*shapes.outputs[0]))
      .transform.terms;
}

Dim stft_terms(const TacticQuery& query, const TypicalShapes& shapes) {
  const bool has_window = has_input(query.problem(), window);
  const Dims weights = has_window ? to_dims(*shapes.inputs[window]) : Dims();
  return stft_sizes(query, to_dims(*shapes.inputs[signal]), has_window ? &weights : nullptr).terms;
}

struct TransformRule {
  std::string_view op;
  DeviceSource (*make)(const TacticQuery&);
  std::optional<std::string> (*rejects)(const TacticQuery&);
  Dim (*terms)(const TacticQuery&, const TypicalShapes&);  // of the sum of one result
};

constexpr std::array rules{
    TransformRule{"DFT", dft, dft_rejects, dft_terms},
    TransformRule{"STFT", stft, stft_rejects, stft_terms},
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const TransformRule* rule = rule_of(rules, problem);
  if (rule == nullptr) return "computes Fourier transforms only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_layouts(problem)) return reason;
  const ElementType type = problem.inputs[signal]->type.element;
  if (!is_floating(type) || !has_kernel_type(type) || is_small_float(type))
    return fmt::format("kernels transform no elements of type {}", name(type));
  return rule->rejects(query);
}

// A term costs the sine and cosine of its angle more than its product: some 40 operations of
// float32, of float64 some 200 of which data-sheet rates tell nothing.
double estimate(const TacticQuery& query, std::string_view) {
  const double traffic = traffic_us(query);
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (traffic < 0 || !shapes || !shapes->inputs[signal] || !shapes->outputs[0]) return traffic;
  const bool is_double = query.problem().inputs[signal]->type.element == ElementType::float64;
  const Dim terms = rule_of(rules, query.problem())->terms(query, *shapes);
  const double sums = static_cast<double>(element_count(*shapes->outputs[0])) / 2;
  return traffic + sums * static_cast<double>(terms.constant()) * (is_double ? 400 : 40) /
                       rates_of(query.architecture).float32_per_us;
}

}  // namespace

Tactic dft_tactic() {
  Tactic tactic;
  tactic.name = "cuda.dft";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = estimate;
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return rule_of(rules, query.problem())->make(query);
  };
  return tactic;
}

}  // namespace cermet::cuda
