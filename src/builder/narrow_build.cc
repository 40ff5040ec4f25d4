#include "builder/narrow_build.h"

#include <atomic>

#include "base/error.h"

namespace cermet {
namespace {

std::atomic<int> tests_on_the_cpu{0};

}  // namespace

LetCpuTake16Bits::LetCpuTake16Bits() { ++tests_on_the_cpu; }
LetCpuTake16Bits::~LetCpuTake16Bits() { --tests_on_the_cpu; }

ElementType narrow_type(Precision precision) {
  if (precision == Precision::float16) return ElementType::float16;
  if (precision == Precision::bfloat16) return ElementType::bfloat16;
  return ElementType::undefined;
}

void check_precision(const BuildOptions& options, bool uses_device) {
  if (options.precision == Precision::float32) return;
  const ElementType type = narrow_type(options.precision);
  require(type != ElementType::undefined, ErrorCode::invalid_argument,
          "precision {} does not exist", static_cast<int>(options.precision));
  require(uses_device || tests_on_the_cpu > 0, ErrorCode::unsupported,
          "{} builds are for GPUs: add --device cuda, or leave {} out; a CPU computes faster in "
          "float32",
          name(type), type == ElementType::float16 ? "--fp16" : "--bf16");
}

}  // namespace cermet
