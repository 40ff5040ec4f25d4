#include "backends/cpu/run/winograd_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/winograd_functions.inc"

namespace cermet::cpu {

const WinogradFunctions avx2::winograd_table = make_winograd_table();

}  // namespace cermet::cpu
