#pragma once

#include "../common/canvas.h"
#include "cermet/tensor.h"
#include "reading.h"

namespace examples {

// All pictures (N x 1 x 8 x 8, ink 0 to 16), a row for each label, with what was read below: green
// when the network is sure of it (0.9 and more), amber when it is not, red in a frame when wrong.
Canvas draw(const cermet::ConstTensorView& images, const Readings& readings);

}  // namespace examples
