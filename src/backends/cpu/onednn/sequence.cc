#include "backends/cpu/onednn/sequence.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/onednn/openmp.h"
#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

constexpr size_t alignment = 64;
size_t aligned(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

void check(dnnl_status_t status) {
  require(status == dnnl_success, ErrorCode::runtime, "oneDNN failed with status {}",
          static_cast<int>(status));
}

}  // namespace

PrimitiveSequence::PrimitiveSequence() : stream_(cpu_engine()) {}

Place PrimitiveSequence::reserve(const Descriptor& descriptor) {
  const Place place{Place::Kind::workspace, reserved_, nullptr};
  reserved_ += aligned(descriptor.get_size());
  return place;
}

void PrimitiveSequence::add(const dnnl::primitive& primitive,
                            const std::vector<Argument>& arguments) {
  Bound bound;
  bound.primitive = primitive;
  void* const no_bytes = DNNL_MEMORY_NONE;
  const auto add_argument = [&](int id, const Descriptor& descriptor) {
    bound.memories.emplace_back(descriptor, cpu_engine(), no_bytes);
    bound.arguments.push_back({id, bound.memories.back().get()});
  };
  for (const Argument& argument : arguments) {
    add_argument(argument.id, argument.descriptor);
    bound.places.push_back(argument.place);
  }
  const_dnnl_primitive_desc_t whole = nullptr;
  check(dnnl_primitive_get_primitive_desc(primitive.get(), &whole));
  const_dnnl_memory_desc_t pad = dnnl_primitive_desc_query_md(whole, dnnl_query_scratchpad_md, 0);
  if (pad != nullptr && dnnl_memory_desc_get_size(pad) > 0) {
    dnnl_memory_desc_t owned = nullptr;
    check(dnnl_memory_desc_clone(&owned, pad));
    add_argument(DNNL_ARG_SCRATCHPAD, Descriptor(owned));
    bound.has_scratchpad = true;
    scratchpad_ = std::max(scratchpad_, aligned(dnnl_memory_desc_get_size(pad)));
  }
  primitives_.push_back(std::move(bound));
}

void PrimitiveSequence::copy_before(size_t input, size_t output, size_t bytes) {
  copies_.push_back({input, output, bytes});
}

void* PrimitiveSequence::find(const Place& place, const Call& call) const {
  switch (place.kind) {
    case Place::Kind::input:
      return const_cast<void*>(call.inputs[place.index]);
    case Place::Kind::output:
      return call.outputs[place.index];
    case Place::Kind::workspace:
      return static_cast<std::byte*>(call.workspace) + place.index;
    case Place::Kind::fixed:
      break;
  }
  return const_cast<void*>(place.fixed);
}

void PrimitiveSequence::run_copies(const Call& call) const {
  for (const Copy& copy : copies_) {
    const auto* from = static_cast<const std::byte*>(call.inputs[copy.input]);
    auto* to = static_cast<std::byte*>(call.outputs[copy.output]);
    if (from == to) continue;
    call.team->parallel_for(
        static_cast<int64_t>(copy.bytes), 65536,
        [&](int64_t begin, int64_t end) { std::memcpy(to + begin, from + begin, end - begin); });
  }
}

void PrimitiveSequence::run(const Call& call) {
  run_copies(call);
  const TeamScope scope(*call.team);
  TeamScope::start();
  for (Bound& bound : primitives_) {
    for (size_t i = 0; i < bound.places.size(); ++i)
      check(dnnl_memory_set_data_handle(bound.memories[i].get(), find(bound.places[i], call)));
    if (bound.has_scratchpad)
      check(dnnl_memory_set_data_handle(bound.memories.back().get(),
                                        static_cast<std::byte*>(call.workspace) + reserved_));
    check(dnnl_primitive_execute(bound.primitive.get(), stream_.get(),
                                 static_cast<int>(bound.arguments.size()), bound.arguments.data()));
  }
}

std::string PrimitiveSequence::description() const {
  std::string text;
  for (const Bound& bound : primitives_) {
    const_dnnl_primitive_desc_t whole = nullptr;
    const char* name = nullptr;
    check(dnnl_primitive_get_primitive_desc(bound.primitive.get(), &whole));
    check(dnnl_primitive_desc_query(whole, dnnl_query_impl_info_str, 0, static_cast<void*>(&name)));
    text += (text.empty() ? "" : " + ") + std::string(name);
  }
  return text;
}

}  // namespace cermet::cpu::onednn
