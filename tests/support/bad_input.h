// What fuzzers and mutants do with bytes that nobody vouches for.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace cermet::testing {

enum class Outcome { refused, accepted };

// The whole road from an ONNX file to the bytes of an engine, kernels of our own alone. Refused by
// an Error; one with the code internal is thrown on, since it is a bug whatever the bytes are.
Outcome build_bad_model(std::string_view file, std::vector<std::byte>* engine = nullptr);

// Loads an engine whose checksums are made right first, and runs it once on small inputs unless it
// is large or has loops, which may be endless. Likewise.
Outcome run_bad_engine(std::vector<std::byte> file);

}  // namespace cermet::testing
