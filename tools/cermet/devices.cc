// cermet devices: what this machine can run engines on.
#include "cermet/devices.h"

#include <nlohmann/json.hpp>

#include "commands.h"
#include "common/errors.h"
#include "common/table.h"

namespace cermet::tools {
namespace {

nlohmann::json peaks_json(const std::optional<DevicePeaks>& peaks) {
  if (!peaks) return {};
  return {{"float32", peaks->float32},
          {"tensor_tf32", peaks->tensor_tf32},
          {"tensor_float16", peaks->tensor_float16},
          {"tensor_int8", peaks->tensor_int8},
          {"tensor_float8", peaks->tensor_float8},
          {"bytes", peaks->bytes}};
}

void print_json(const DeviceList& list) {
  nlohmann::json devices = nlohmann::json::array();
  for (const DeviceInfo& device : list.devices)
    devices.push_back({{"name", device.name},
                       {"product", device.product},
                       {"architecture", device.architecture},
                       {"cores", device.cores},
                       {"memory_bytes", device.memory_bytes},
                       {"clock_mhz", device.clock_mhz},
                       {"memory_clock_mhz", device.memory_clock_mhz},
                       {"memory_bus_bits", device.memory_bus_bits},
                       {"l2_bytes", device.l2_bytes},
                       {"peaks", peaks_json(device.peaks)}});
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
