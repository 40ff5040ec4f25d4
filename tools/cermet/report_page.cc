#include "report_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace cermet::tools {
namespace {

constexpr std::string_view style =
#include "page/style.css.inc"
    ;
constexpr std::string_view body =
#include "page/body.html.inc"
    ;
// In the order in which they run.
constexpr std::string_view scripts[] = {
#include "page/common.js.inc"
    ,
#include "page/layout.js.inc"
    ,
#include "page/graph.js.inc"
    ,
#include "page/steps.js.inc"
    ,
#include "page/roofline.js.inc"
    ,
#include "page/memory.js.inc"
    ,
#include "page/start.js.inc"
};

// A script element ends at the first "</script", whatever is around it.
std::string inside_script(const nlohmann::json& report) {
  const std::string text = report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  for (char c : text) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

}  // namespace

std::string report_page(const nlohmann::json& report) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Cermet report</title>\n<style>{}</style>\n{}\n"
      "<script type=\"application/json\" id=\"report\">{}</script>\n<script>\n\"use strict\";\n",
      style, body, inside_script(report));
  for (std::string_view script : scripts) page += script;
  return page + "</script>\n</html>\n";
}

}  // namespace cermet::tools
