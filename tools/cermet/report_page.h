// A report as one page that needs nothing else.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cermet::tools {

std::string report_page(const nlohmann::json& report);

}  // namespace cermet::tools
