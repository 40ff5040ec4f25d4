#include "tactics/lone_step.h"

#include <map>

#include "tactics/pack_constants.h"

namespace cermet {
namespace {

class Extraction {
 public:
  explicit Extraction(const Plan& plan) : plan_(plan) {
    lone_.profiles = plan.profiles;
    lone_.input_names = plan.input_names;
    lone_.root.inputs = ids(plan.root.inputs);
  }

  Plan run(Step step) {
    step.inputs = ids(step.inputs);
    step.outputs = ids(step.outputs);
    lone_.root.steps.push_back(std::move(step));
    return std::move(lone_);
  }

 private:
  std::vector<BufferId> ids(std::vector<BufferId> from) {
    for (BufferId& id : from) id = copy(id);
    return from;
  }

  BufferId copy(BufferId id) {
    if (id == no_buffer) return id;
    const auto [entry, fresh] = copied_.emplace(id, static_cast<BufferId>(lone_.buffers.size()));
    if (!fresh) return entry->second;
    Buffer buffer = plan_.buffer(id);
    buffer.alias = no_buffer;
    buffer.alias_offset = {};
    if (buffer.storage == Storage::constant) {
      lone_.constants.push_back(plan_.constants[buffer.constant]);
      buffer.constant = static_cast<int32_t>(lone_.constants.size() - 1);
    }
    lone_.buffers.push_back(std::move(buffer));
    return entry->second;
  }

  const Plan& plan_;
  Plan lone_;
  std::map<BufferId, BufferId> copied_;
};

}  // namespace

Plan lone_step(const Plan& plan, const Step& step, const Tactic& tactic,
               const std::string& configuration, int threads) {
  Plan lone = Extraction(plan).run(step);
  Step& copy = lone.root.steps[0];
  copy.choice = {std::string(tactic.name), tactic.version, configuration};
  if (tactic.prepare) tactic.prepare(lone, copy);
  copy.in_place.clear();
  pack_constants(lone, std::span(&tactic, 1), {{}, threads});
  return lone;
}

}  // namespace cermet
