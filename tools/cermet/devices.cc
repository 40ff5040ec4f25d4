// cermet devices: what this machine can run engines on.
#include "cermet/devices.h"

#include <nlohmann/json.hpp>

#include "commands.h"
#include "common/errors.h"
#include "common/table.h"

namespace cermet::tools {
namespace {

void print_json(const DeviceList& list) {
  nlohmann::json devices = nlohmann::json::array();
  for (const DeviceInfo& device : list.devices)
    devices.push_back({{"name", device.name},
                       {"product", device.product},
                       {"architecture", device.architecture},
                       {"cores", device.cores},
                       {"memory_bytes", device.memory_bytes}});
  const nlohmann::json report = {{"devices", std::move(devices)},
                                 {"cuda_version", list.cuda_version},
                                 {"no_gpu", list.no_gpu}};
  fmt::print("{}\n", report.dump(2));
}

void print_table(const DeviceList& list) {
  Table table({{"device"},
               {"product"},
               {"architecture"},
               {"cores", Table::Align::right},
               {"memory", Table::Align::right}});
  for (const DeviceInfo& device : list.devices)
    table.add({device.name, device.product, device.architecture, fmt::format("{}", device.cores),
               bytes_text(device.memory_bytes)});
  table.print();
  if (list.no_gpu.empty())
    fmt::print(
        "\nThe NVIDIA driver runs CUDA {}. `cermet build --device cuda` builds for cuda:0.\n",
        list.cuda_version);
  else
    fmt::print("\nNo GPU: {}\n", list.no_gpu);
}

}  // namespace

Action define_devices(CLI::App& app) {
  const auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "Print JSON instead of a table");
  app.footer("\nExamples:\n  cermet devices\n  cermet devices --json\n\n" + exit_status_help());
  return [json] {
    const DeviceList list = list_devices();
    *json ? print_json(list) : print_table(list);
    return 0;
  };
}

}  // namespace cermet::tools
