#include "plan/device_program.h"

#include <fmt/format.h>

namespace cermet {

Dim operand_size(bool output, size_t operand, size_t dimension) {
  return Dim::symbol(fmt::format("{}{}.{}", output ? "out" : "in", operand, dimension));
}

}  // namespace cermet
