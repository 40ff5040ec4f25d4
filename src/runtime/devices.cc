#include "cermet/devices.h"

#include <unistd.h>

#include "backends/cuda/run/cards.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/thread_team.h"

namespace cermet {
namespace {

DeviceInfo processor() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  const size_t memory = pages > 0 && page > 0 ? static_cast<size_t>(pages) * page : 0;
  return {"cpu", processor_name(), std::string(name(best_instruction_set())), available_threads(),
          memory};
}

void add_cards(DeviceList& list) {
  const cuda::Driver driver;
  for (const cuda::Card& card : cuda::cards(driver))
    list.devices.push_back({fmt::format("cuda:{}", list.devices.size() - 1), card.product,
                            card.architecture(), card.multiprocessors, card.memory_bytes});
  if (list.devices.size() > 1)
    list.cuda_version = driver.version();
  else
    list.no_gpu = "the NVIDIA driver sees no card";
}

}  // namespace

DeviceList list_devices() {
  DeviceList list;
  list.devices.push_back(processor());
  try {
    add_cards(list);
  } catch (const Error& error) {
    list.devices.resize(1);
    list.no_gpu = error.message();
  }
  return list;
}

}  // namespace cermet
