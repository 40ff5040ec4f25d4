#include "tactics/pack_constants.h"

#include <algorithm>
#include <map>

namespace cermet {
namespace {

// Input `input` of a step wants its constant packed.
struct Wish {
  Step* step;
  PackedConstant packed;
};

class Packer {
 public:
  Packer(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), readers_(plan.buffers.size(), 0) {}

  void run() {
    count_outputs(plan_.root);
    for (const Buffer& buffer : plan_.buffers)
      if (buffer.alias != no_buffer) ++readers_[buffer.alias];
    for_each_step(plan_.root.steps, [&](Step& step) { visit(step); });
    for (const auto& [form, wishes] : wishes_)
      readers_[form.first] -= static_cast<int>(wishes.size());
    for (auto& [form, wishes] : wishes_) fulfil(form.first, wishes);
  }

 private:
  void count_outputs(const Region& region) {
    for (BufferId id : region.outputs)
      if (id != no_buffer) ++readers_[id];
    for (const Step& step : region.steps)
      for (const Region& body : step.regions) count_outputs(body);
  }

  void visit(Step& step) {
    for (BufferId id : step.inputs)
      if (id != no_buffer) ++readers_[id];
    const auto tactic = std::find_if(tactics_.begin(), tactics_.end(),
                                     [&](const Tactic& t) { return t.name == step.choice.tactic; });
    if (tactic == tactics_.end() || tactic->pack == nullptr) return;
    auto packed = tactic->pack(options_.query(plan_, step));
    if (!packed) return;
    wishes_[{step.inputs[packed->input], packed->form}].push_back({&step, std::move(*packed)});
  }

  // All wishes are for the same bytes.
  void fulfil(BufferId original, const std::vector<Wish>& wishes) {
    BufferId target = original;
    if (readers_[original]++ > 0) {
      plan_.buffers.push_back(plan_.buffers[original]);
      target = static_cast<BufferId>(plan_.buffers.size() - 1);
      plan_.constants.push_back(plan_.constants[plan_.buffers[original].constant]);
      plan_.buffers[target].constant = static_cast<int32_t>(plan_.constants.size() - 1);
    }
    PlanConstant& constant = plan_.constants[plan_.buffers[target].constant];
    constant.tensor = wishes.front().packed.tensor;
    constant.form = wishes.front().packed.form;
    for (const Wish& wish : wishes) wish.step->inputs[wish.packed.input] = target;
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  std::vector<int> readers_;  // of a buffer as it is
  std::map<std::pair<BufferId, std::string>, std::vector<Wish>> wishes_;
};

}  // namespace

void pack_constants(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) {
  Packer(plan, tactics, options).run();
}

}  // namespace cermet
