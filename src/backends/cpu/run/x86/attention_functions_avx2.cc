#include "backends/cpu/run/attention_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/attention_functions.inc"

namespace cermet::cpu {

const AttentionFunctions avx2::attention_table = make_attention_table();

}  // namespace cermet::cpu
