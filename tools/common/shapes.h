// Shapes on the command line: "x:1x3x224x224,y:2x3", "step:scalar".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cermet/engine.h"

namespace cermet::tools {

// Each entry splits at its last ':' or '=', so names may contain both. Throws invalid_argument with
// the entry that is wrong, or that names an input twice.
InputShapes parse_shapes(std::string_view text);

// "1x3x224x224"; "scalar" for rank 0.
std::string shape_text(const Shape& shape);
// The sizes as the model states them, "Nx3", or "?" when the rank is not known.
std::string dims_text(const TensorInfo& info);

// The shape of an input: what the user gave, else the model's where all its sizes are numbers, else
// `opt` of the first profile. Throws invalid_argument telling what to give.
Shape input_shape(const TensorInfo& input, const InputShapes& given,
                  std::span<const ShapeProfile> profiles);

// Throws invalid_argument when a shape is given for what is no input.
void check_names(const InputShapes& given, std::span<const TensorInfo> inputs);

}  // namespace cermet::tools
