// Why each step got its kernel, and which fusions almost came about.
#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>

#include "cermet/builder.h"

namespace cermet::tools {

void print_explanation(const BuildReport& report, std::FILE* stream);
// {"steps": [...], "near_fusions": [...]}, and "on_cpu", one like it, for two plans;
// docs/command.md describes it.
nlohmann::json explanation_json(const BuildReport& report);

}  // namespace cermet::tools
