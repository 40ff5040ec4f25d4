// import_rules: one line a rule of the importer, "DOMAIN OP BEFORE" ("ai.onnx" for ONNX's own).
#include <fmt/format.h>

#include "ops/import_rule.h"

int main() {
  for (const cermet::ImportRule* rule : cermet::all_import_rules())
    fmt::print("{} {} {}\n", rule->domain.empty() ? "ai.onnx" : rule->domain, rule->op,
               rule->before);
  return 0;
}
