#include "backends/cpu/run/attention_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 64;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/attention_functions.inc"

namespace cermet::cpu {

const AttentionFunctions avx512::attention_table = make_attention_table();

}  // namespace cermet::cpu
