#include "backends/cuda/run/cards.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/error.h"

namespace cermet::cuda {
namespace {

class CardReader {
 public:
  CardReader(const Driver& driver, int ordinal) : driver_(driver), ordinal_(ordinal) {
    driver_.check(driver_.cuDeviceGet(&device_, ordinal), of("opening"));
  }

  Card read() const {
    Card card;
    std::array<char, 256> name{};
    driver_.check(driver_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device_),
                  of("the name"));
    card.product = name.data();
    driver_.check(driver_.cuDeviceTotalMem_v2(&card.memory_bytes, device_), of("the memory"));
    card.major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    card.minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    card.multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    card.clock_khz = attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    card.memory_clock_khz = attribute(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
    card.memory_bus_bits = attribute(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
    card.l2_bytes = static_cast<size_t>(attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE));
    return card;
  }

 private:
  std::string of(std::string_view what) const { return fmt::format("cuda:{}: {}", ordinal_, what); }

  int attribute(CUdevice_attribute which) const {
    int value = 0;
    driver_.check(driver_.cuDeviceGetAttribute(&value, which, device_),
                  of(fmt::format("attribute {}", static_cast<int>(which))));
    return value;
  }

  const Driver& driver_;
  int ordinal_;
  CUdevice device_ = 0;
};

}  // namespace

std::string Card::architecture() const {
  const bool is_hopper = major == 9 && minor == 0;
  return fmt::format("sm_{}{}{}", major, minor, is_hopper ? "a" : "");
}

int fitness(std::string_view architecture, const Card& card) {
  const bool machine = architecture.starts_with("sm_");
  const std::string_view digits = architecture.substr(architecture.find('_') + 1);
  int number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool own_alone = end.ptr != digits.data() + digits.size();
  const int of_card = card.major * 10 + card.minor;
  if (own_alone && number != of_card) return 0;
  if (number > of_card || (machine && number / 10 != card.major)) return 0;
  return (machine ? 2000 : 1000) + number + (own_alone ? 1 : 0);
}

int card_count(const Driver& driver) {
  int count = 0;
  driver.check(driver.cuDeviceGetCount(&count), "counting GPUs");
  return count;
}

Card card_of(const Driver& driver, int ordinal) { return CardReader(driver, ordinal).read(); }

std::vector<Card> cards(const Driver& driver) {
  std::vector<Card> result;
  for (int ordinal = 0, count = card_count(driver); ordinal < count; ++ordinal)
    result.push_back(card_of(driver, ordinal));
  return result;
}

}  // namespace cermet::cuda
