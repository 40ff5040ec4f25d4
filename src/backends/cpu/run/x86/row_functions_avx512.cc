#include "backends/cpu/run/row_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 64;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/row_functions.inc"

namespace cermet::cpu {

const RowFunctions avx512::row_table = make_row_table();

}  // namespace cermet::cpu
