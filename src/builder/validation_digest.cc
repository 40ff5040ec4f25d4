#include "builder/validation_digest.h"

#include "base/hash.h"

namespace cermet {
namespace {

void add(StreamHash& hash, std::string_view text) {
  const size_t length = text.size();  // so that two texts are not one
  hash.add(&length, sizeof(length));
  hash.add(text.data(), length);
}

void add(StreamHash& hash, const Tensor& tensor) {
  if (tensor.type() != ElementType::string) return hash.add(tensor.data(), tensor.bytes());
  const auto* texts = static_cast<const std::string*>(tensor.data());
  for (int64_t i = 0; i < tensor.elements(); ++i) add(hash, texts[i]);
}

void add_constants(StreamHash& hash, const Graph& graph) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    if (const auto& constant = graph.value(static_cast<ValueId>(i)).constant)
      add(hash, constant->tensor);
  for (NodeId id : graph.order())
    for (const Graph& body : graph.node(id).subgraphs) add_constants(hash, body);
}

}  // namespace

uint64_t digest_of(const Graph& graph) {
  StreamHash hash;
  add(hash, print(graph));
  add_constants(hash, graph);
  return hash.value();
}

std::string digest_of(uint64_t model, const Plan& plan, const Step& step) {
  StreamHash hash;
  add(hash, step.name);
  for (const auto* ids : {&step.inputs, &step.outputs})
    for (const BufferId id : *ids) {
      if (id == no_buffer) continue;
      const Buffer& buffer = plan.buffer(id);
      add(hash, buffer.name);
      if (buffer.storage == Storage::constant) add(hash, plan.constants[buffer.constant].tensor);
    }
  return fmt::format("model {:016x} step {:016x}", model, hash.value());
}

}  // namespace cermet
