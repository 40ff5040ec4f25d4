// Which operators the importer understands, and which one a misspelt name may mean.
#pragma once

#include <string>
#include <string_view>

namespace cermet::onnx {

// "Op" of ONNX's own domain, "domain.Op" of another.
std::string operator_name(std::string_view domain, std::string_view op);

// Is it in the tables, or control flow, or rewritten on import? Plugins and functions aside.
bool is_known_operator(std::string_view domain, std::string_view op, int version);

// A known operator of the same domain whose name is up to two letters apart, as " Did you mean X?";
// empty when there is none.
std::string spelling_hint(std::string_view domain, std::string_view op);

}  // namespace cermet::onnx
