// The readings as text for people and as JSON for programs.
#pragma once

#include <string>

#include "reading.h"

namespace examples {

// Accuracy, a confusion table and the wrong ones; coloured where stdout is a terminal.
void print_report(const Readings& readings);

void write_json(const std::string& path, const Readings& readings);

}  // namespace examples
