#include "bench/cuda/product_case.h"

#include <algorithm>
#include <cmath>

#include "base/scalar.h"
#include "bench/cuda/operator_case.h"

namespace cermet::bench {
namespace {

struct ConvolutionShape {
  int64_t size, channels, filters, window, stride;
  bool residual;
};
// The different ones of ResNet-50.
constexpr std::array resnet50{
    ConvolutionShape{224, 3, 64, 7, 2, false},     ConvolutionShape{56, 64, 64, 1, 1, false},
    ConvolutionShape{56, 64, 64, 3, 1, false},     ConvolutionShape{56, 64, 256, 1, 1, true},
    ConvolutionShape{56, 256, 64, 1, 1, false},    ConvolutionShape{56, 256, 128, 1, 1, false},
    ConvolutionShape{56, 128, 128, 3, 2, false},   ConvolutionShape{28, 128, 512, 1, 1, true},
    ConvolutionShape{56, 256, 512, 1, 2, false},   ConvolutionShape{28, 512, 128, 1, 1, false},
    ConvolutionShape{28, 128, 128, 3, 1, false},   ConvolutionShape{28, 512, 256, 1, 1, false},
    ConvolutionShape{28, 256, 256, 3, 2, false},   ConvolutionShape{14, 256, 1024, 1, 1, true},
    ConvolutionShape{28, 512, 1024, 1, 2, false},  ConvolutionShape{14, 1024, 256, 1, 1, false},
    ConvolutionShape{14, 256, 256, 3, 1, false},   ConvolutionShape{14, 1024, 512, 1, 1, false},
    ConvolutionShape{14, 512, 512, 3, 2, false},   ConvolutionShape{7, 512, 2048, 1, 1, true},
    ConvolutionShape{14, 1024, 2048, 1, 2, false}, ConvolutionShape{7, 2048, 512, 1, 1, false},
    ConvolutionShape{7, 512, 512, 3, 1, false},
};

// Windows of 3 x 3 that move by 1, as Winograd's algorithm takes them: those of ResNet-50, and of a
// detector's larger images.
constexpr std::array windows_of_3x3{
    ConvolutionShape{56, 64, 64, 3, 1, true},   ConvolutionShape{28, 128, 128, 3, 1, true},
    ConvolutionShape{14, 256, 256, 3, 1, true}, ConvolutionShape{7, 512, 512, 3, 1, true},
    ConvolutionShape{80, 64, 64, 3, 1, false},  ConvolutionShape{160, 32, 32, 3, 1, false},
};

// Images as networks get them, 3 channels.
struct FirstLayer {
  const char* name;
  int64_t size, filters, window, stride;
};
constexpr std::array first_layers{
    FirstLayer{"resnet", 224, 64, 7, 2}, FirstLayer{"mobilenet", 224, 32, 3, 2},
    FirstLayer{"vgg", 224, 64, 3, 1},    FirstLayer{"alexnet", 224, 64, 11, 4},
    FirstLayer{"vit", 224, 768, 16, 16},
};

struct ProductShape {
  const char* name;
  ElementType type;
  int64_t m, n, k;
  bool gelu = false;
};
constexpr std::array products{
    ProductShape{"square", ElementType::float16, 4096, 4096, 4096},
    ProductShape{"square", ElementType::bfloat16, 4096, 4096, 4096},
    ProductShape{"square", ElementType::float32, 4096, 4096, 4096},
    ProductShape{"square", ElementType::float16, 8192, 8192, 8192},
    ProductShape{"bert-qkv-1x128", ElementType::float16, 128, 768, 768},
    ProductShape{"bert-up-1x128", ElementType::float16, 128, 3072, 768},
    ProductShape{"bert-down-1x128", ElementType::float16, 128, 768, 3072},
    ProductShape{"bert-up-32x128", ElementType::float16, 4096, 3072, 768},
    ProductShape{"bert-down-32x128", ElementType::float16, 4096, 768, 3072},
    ProductShape{"vit-qkv-1", ElementType::float16, 197, 768, 768},
    ProductShape{"vit-up-64", ElementType::float16, 12608, 3072, 768},
    ProductShape{"bert-up-gelu-32x128", ElementType::float16, 4096, 3072, 768, true},
    ProductShape{"vit-up-gelu-64", ElementType::float16, 12608, 3072, 768, true},
    ProductShape{"vit-down-64", ElementType::float16, 12608, 768, 3072},
    ProductShape{"bert-up-1x128", ElementType::float32, 128, 3072, 768},
    ProductShape{"classifier-1", ElementType::float16, 1, 1000, 2048},
    ProductShape{"classifier-8", ElementType::float16, 8, 1000, 2048},
    ProductShape{"classifier-128", ElementType::float16, 128, 1000, 2048},
    ProductShape{"decode-1", ElementType::float16, 1, 4096, 4096},
    ProductShape{"decode-1", ElementType::float16, 1, 14336, 4096},
};

struct AttentionShape {
  const char* name;
  int64_t batch, length, heads, size;
};
constexpr std::array attentions{
    AttentionShape{"attention-vit-1", 1, 197, 12, 64},
    AttentionShape{"attention-vit-8", 8, 197, 12, 64},
    AttentionShape{"attention-vit-128", 128, 197, 12, 64},
    AttentionShape{"attention-bert-1", 1, 128, 12, 64},
    AttentionShape{"attention-bert-128", 128, 128, 12, 64},
    AttentionShape{"attention-whisper-1", 1, 1500, 6, 64},
    AttentionShape{"attention-long-4", 4, 4096, 16, 128},
};

class PlanOfCase {
 public:
  explicit PlanOfCase(const ProductCase& what) : what_(what) {}

  ProductPlan build() {
    step_.place = Place::device;
    if (what_.is_attention()) return attention();
    step_.problem.kind = what_.is_convolution() ? ProblemKind::convolution : ProblemKind::matmul;
    step_.problem.op = what_.is_convolution() ? "Conv" : "Gemm";
    Shape result{what_.m, what_.n};
    if (what_.is_convolution()) {
      const int64_t size = what_.result_size();
      result = {what_.batch, what_.n, size, size};
      const int64_t pad = what_.padding();
      step_.problem.attributes.set("group", what_.group);
      step_.problem.attributes.set("strides", std::vector<int64_t>{what_.stride, what_.stride});
      step_.problem.attributes.set("pads", std::vector<int64_t>{pad, pad, pad, pad});
      add({what_.batch, what_.channels, what_.size, what_.size}, false, what_.planes);
      add({what_.n, what_.channels / what_.group, what_.window, what_.window}, true);
    } else {
      add({what_.m, what_.k}, false);
      add({what_.k, what_.n}, true);
    }
    add({what_.n}, true);
    add_epilogue(result);
    return finish(result);
  }

 private:
  ProductPlan attention() {
    step_.problem.kind = ProblemKind::attention;
    step_.problem.op = "Attention";
    step_.problem.attributes.set("q_num_heads", what_.heads);
    step_.problem.attributes.set("kv_num_heads", what_.heads);
    const Shape shape{what_.batch, what_.m, what_.heads * what_.k};
    joint_.row_dims = 1;
    joint_.pitch = 3 * shape[2];
    for (int i = 0; i < 3; ++i) add(shape, false);
    joint_ = {};
    return finish(shape);
  }

  ProductPlan finish(const Shape& result) {
    const Operand operand{ValueType::tensor(what_.type, to_dims(result)), layout(result), false};
    step_.problem.outputs = {operand};
    step_.outputs = {buffer(operand, Storage::activation)};
    made_.shapes.outputs = {result};
    made_.plan.root.steps.push_back(std::move(step_));
    return std::move(made_);
  }

  Layout layout(const Shape& shape) const {
    return shape.size() == 4 ? Layout::channels_last(4) : joint_;
  }

  BufferId buffer(const Operand& operand, Storage storage) {
    Buffer buffer;
    buffer.type = operand.type;
    buffer.layout = operand.layout;
    buffer.storage = storage;
    buffer.place = Place::device;
    if (storage == Storage::constant)
      buffer.constant = static_cast<int32_t>(made_.plan.constants.size());
    made_.plan.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(made_.plan.buffers.size() - 1);
  }

  void add(const Shape& shape, bool constant, bool row_major = false) {
    const Operand operand{ValueType::tensor(what_.type, to_dims(shape)),
                          constant || row_major ? Layout{} : layout(shape), constant};
    step_.problem.inputs.emplace_back(operand);
    step_.inputs.push_back(buffer(operand, constant ? Storage::constant : Storage::activation));
    const auto seed = static_cast<unsigned>(step_.inputs.size());
    made_.inputs.emplace_back(numbers_of(weights(what_.type, shape), seed));
    if (constant) made_.plan.constants.push_back({*made_.inputs.back(), {}, {}});
    made_.shapes.inputs.emplace_back(shape);
  }

  void add_epilogue(const Shape& result) {
    const auto type = name(what_.type);
    step_.problem.epilogue_first = step_.inputs.size();
    if (what_.gelu) {
      step_.problem.expression = ScalarExpr::parse(
          fmt::format("%0 = input {0} 0; %1 = cast float32 %0; %2 = constant float32 0.70710678; "
                      "%3 = mul float32 %1 %2; %4 = erf float32 %3; %5 = constant float32 0.5; "
                      "%6 = mul float32 %4 %5; %7 = add float32 %6 %5; %8 = mul float32 %7 %1; "
                      "%9 = cast {0} %8; -> %9",
                      type));
      return;
    }
    if (what_.residual) add(result, false);
    step_.problem.expression = ScalarExpr::parse(
        what_.residual ? fmt::format("%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; "
                                     "%3 = constant {0} 0; %4 = max {0} %2 %3; -> %4",
                                     type)
                       : fmt::format("%0 = input {0} 0; %1 = constant {0} 0; %2 = max {0} %0 %1; "
                                     "-> %2",
                                     type));
  }

  const ProductCase& what_;
  ProductPlan made_;
  Step step_;
  Layout joint_;  // of operands in rows that they share
};

double at(const Tensor& tensor, int64_t i) { return load_element<double>(tensor.view(), i); }

double exact_product(const ProductCase& what, const ProductPlan& plan, int64_t i) {
  const int64_t row = i / what.n, column = i % what.n;
  double sum = at(*plan.inputs[2], column);
  for (int64_t k = 0; k < what.k; ++k)
    sum += at(*plan.inputs[0], row * what.k + k) * at(*plan.inputs[1], k * what.n + column);
  return sum;
}

double exact_convolution(const ProductCase& what, const ProductPlan& plan, int64_t i) {
  const int64_t size = what.result_size(), pad = what.padding();
  const int64_t x = i % size, y = i / size % size, filter = i / (size * size) % what.n,
                item = i / (size * size * what.n);
  const int64_t channels = what.channels / what.group, group = filter / (what.n / what.group);
  double sum = at(*plan.inputs[2], filter);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t r = 0; r < what.window; ++r)
      for (int64_t s = 0; s < what.window; ++s) {
        const int64_t h = y * what.stride - pad + r, w = x * what.stride - pad + s;
        if (h < 0 || h >= what.size || w < 0 || w >= what.size) continue;
        const int64_t from =
            ((item * what.channels + group * channels + c) * what.size + h) * what.size + w;
        const int64_t weight = ((filter * channels + c) * what.window + r) * what.window + s;
        sum += at(*plan.inputs[0], from) * at(*plan.inputs[1], weight);
      }
  return sum;
}

double exact_attention(const ProductCase& what, const ProductPlan& plan, int64_t i) {
  const int64_t row = what.heads * what.k, first = i / (row * what.m) * what.m;
  const int64_t head = i % row / what.k * what.k, query = i / row * row + head;
  double total = 0, sum = 0;
  for (int64_t j = first; j < first + what.m; ++j) {
    double score = 0;
    for (int64_t d = 0; d < what.k; ++d)
      score += at(*plan.inputs[0], query + d) * at(*plan.inputs[1], j * row + head + d);
    const double weight = std::exp(score / std::sqrt(static_cast<double>(what.k)));
    total += weight;
    sum += weight * at(*plan.inputs[2], j * row + i % row);
  }
  return sum / total;
}

double exact_element(const ProductCase& what, const ProductPlan& plan, int64_t i) {
  if (what.is_attention()) return exact_attention(what, plan, i);
  double exact =
      what.is_convolution() ? exact_convolution(what, plan, i) : exact_product(what, plan, i);
  if (what.residual) exact += at(*plan.inputs.back(), i);
  if (what.gelu) return exact * (0.5 + 0.5 * std::erf(exact * std::sqrt(0.5)));
  return std::max(exact, 0.0);
}

ProductCase window_case(const ConvolutionShape& shape, ElementType type, int64_t batch) {
  ProductCase what;
  what.name = fmt::format("winograd-{} {}x{}^2 {}{} {}", batch, shape.channels, shape.size,
                          shape.filters, shape.residual ? " +" : "", name(type));
  what.type = type;
  what.batch = batch;
  what.size = shape.size;
  what.channels = shape.channels;
  what.n = shape.filters;
  what.window = shape.window;
  what.stride = shape.stride;
  what.residual = shape.residual;
  return what;
}

void add_first_layers(std::vector<ProductCase>& list) {
  for (int64_t batch : {1, 8, 128})
    for (const FirstLayer& shape : first_layers)
      for (const bool planes : {false, true}) {
        ProductCase what;
        what.name =
            fmt::format("first-{}-{} {}x{}/{} {} {}", shape.name, batch, shape.window, shape.window,
                        shape.stride, shape.filters, planes ? "planes" : "channels-last");
        what.batch = batch;
        what.size = shape.size;
        what.channels = 3;
        what.n = shape.filters;
        what.window = shape.window;
        what.stride = shape.stride;
        what.planes = planes;
        list.push_back(what);
      }
}

}  // namespace

double ProductCase::operations() const {
  if (is_attention())
    return 4.0 * static_cast<double>(batch * heads * m) * static_cast<double>(m * k);
  if (!is_convolution())
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  return 2.0 * static_cast<double>(batch * result_size() * result_size()) * static_cast<double>(n) *
         static_cast<double>(channels) / static_cast<double>(group) *
         static_cast<double>(window * window);
}

double ProductCase::bytes() const {
  if (is_attention()) return 4.0 * static_cast<double>(batch * m * heads * k * bit_width(type)) / 8;
  const int64_t result = is_convolution() ? batch * result_size() * result_size() * n : m * n;
  const int64_t left = is_convolution() ? batch * channels * size * size : m * k;
  const int64_t right = is_convolution() ? n * channels / group * window * window : n * k;
  return static_cast<double>(left + right + result * (residual ? 2 : 1)) *
         static_cast<double>(bit_width(type)) / 8;
}

std::vector<ProductCase> product_cases() {
  std::vector<ProductCase> list;
  add_first_layers(list);
  for (int64_t batch : {1, 8, 128})
    for (const ConvolutionShape& shape : resnet50) {
      ProductCase what;
      what.name = fmt::format("resnet50-{} {}x{}^2 {}x{}/{} {}{}", batch, shape.channels,
                              shape.size, shape.window, shape.window, shape.stride, shape.filters,
                              shape.residual ? " +" : "");
      what.batch = batch;
      what.size = shape.size;
      what.channels = shape.channels;
      what.n = shape.filters;
      what.window = shape.window;
      what.stride = shape.stride;
      what.residual = shape.residual;
      list.push_back(what);
    }
  for (ElementType type : {ElementType::float32, ElementType::float16})
    for (int64_t batch : {1, 8, 64})
      for (const ConvolutionShape& shape : windows_of_3x3)
        list.push_back(window_case(shape, type, batch));
  for (const ProductShape& shape : products) {
    ProductCase what;
    what.name =
        fmt::format("{} {}x{}x{} {}", shape.name, shape.m, shape.n, shape.k, name(shape.type));
    what.type = shape.type;
    what.m = shape.m;
    what.n = shape.n;
    what.k = shape.k;
    what.gelu = shape.gelu;
    list.push_back(what);
  }
  for (const AttentionShape& shape : attentions) {
    ProductCase what;
    what.name = fmt::format("{} {} {}x{}", shape.name, shape.length, shape.heads, shape.size);
    what.batch = shape.batch;
    what.m = shape.length;
    what.k = shape.size;
    what.heads = shape.heads;
    list.push_back(what);
  }
  return list;
}

ProductPlan plan_of(const ProductCase& what) { return PlanOfCase(what).build(); }

double error_of(const ProductCase& what, const ProductPlan& plan, const Tensor& result) {
  constexpr int64_t points = 50;
  const int64_t count = result.elements();
  double largest = 1e-9, worst = 0;
  for (int64_t p = 0; p < points; ++p) {
    // The corners, and places all over.
    const int64_t i =
        p == 1 ? count - 1
               : static_cast<int64_t>((static_cast<uint64_t>(p) * 0x9e3779b97f4a7c15ULL >> 1) %
                                      static_cast<uint64_t>(count));
    const double exact = exact_element(what, plan, i);
    largest = std::max(largest, std::abs(exact));
    const double difference = std::abs(exact - at(result, i));
    worst = std::isfinite(difference) ? std::max(worst, difference) : HUGE_VAL;
  }
  return worst / largest;
}

}  // namespace cermet::bench
