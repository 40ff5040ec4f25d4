#include "plan/memory_planner.h"

#include <gtest/gtest.h>

#include <random>

namespace cermet {
namespace {

// Plans of float32 vectors, named by number.
class PlanMaker {
 public:
  BufferId buffer(int64_t size, Storage storage = Storage::activation) {
    Buffer buffer;
    buffer.name = "b" + std::to_string(plan.buffers.size());
    buffer.type = ValueType::tensor(ElementType::float32, Dims{size});
    buffer.storage = storage;
    plan.buffers.push_back(buffer);
    return static_cast<BufferId>(plan.buffers.size() - 1);
  }
  BufferId input(int64_t size) {
    const BufferId id = buffer(size, Storage::input);
    plan.root.inputs.push_back(id);
    plan.input_names.push_back(plan.buffers[id].name);
    return id;
  }
  void output(BufferId id) {
    plan.buffers[id].storage = Storage::output;
    plan.root.outputs.push_back(id);
    plan.output_names.push_back(plan.buffers[id].name);
  }
  BufferId alias(BufferId of) {
    const BufferId id = buffer(0);
    plan.buffers[id] = plan.buffers[of];
    plan.buffers[id].storage = Storage::activation;
    plan.buffers[id].alias = of;
    plan.buffers[id].alias_offset = {};
    return id;
  }
  // `size` elements of that buffer, from an element on.
  BufferId part(BufferId of, int64_t size, int64_t from) {
    const BufferId id = alias(of);
    plan.buffers[id].type.dims = Dims{size};
    plan.buffers[id].alias_offset = from * 4;
    return id;
  }
  int64_t size(BufferId id) const { return product(*plan.buffers[id].type.dims).constant(); }
  // A step that makes of these buffers one that holds them side by side.
  Step concat(const std::vector<BufferId>& parts) {
    const BufferId whole = buffer(0);
    int64_t end = 0;
    for (BufferId id : parts) {
      plan.buffers[id].alias = whole;
      plan.buffers[id].alias_offset = end * 4;
      end += size(id);
    }
    plan.buffers[whole].type.dims = Dims{end};
    Step made = step(parts, {whole});
    made.problem.kind = ProblemKind::view;
    made.problem.op = "Concat";
    return made;
  }
  static Step step(std::vector<BufferId> inputs, std::vector<BufferId> outputs) {
    Step step;
    step.problem.op = "Step";
    step.problem.inputs.resize(inputs.size());
    step.problem.outputs.resize(outputs.size());
    step.inputs = std::move(inputs);
    step.outputs = std::move(outputs);
    return step;
  }
  Step& add(std::vector<BufferId> inputs, std::vector<BufferId> outputs) {
    plan.root.steps.push_back(step(std::move(inputs), std::move(outputs)));
    return plan.root.steps.back();
  }

  std::vector<std::optional<size_t>> bytes() const {
    std::vector<std::optional<size_t>> result;
    for (const Buffer& buffer : plan.buffers) {
      const bool placed = buffer.alias == no_buffer && (buffer.storage == Storage::activation ||
                                                        buffer.storage == Storage::output);
      result.push_back(placed ? std::optional(byte_size(buffer.type.element,
                                                        product(*buffer.type.dims).constant()))
                              : std::nullopt);
    }
    return result;
  }
  MemoryPlan memory(std::vector<size_t> workspace = {}) const {
    size_t steps = 0;
    for_each_step(plan.root.steps, [&](const Step&) { ++steps; });
    workspace.resize(steps);
    std::vector<std::optional<size_t>> offsets(plan.buffers.size());
    for (size_t id = 0; id < offsets.size(); ++id)
      offsets[id] = plan.buffers[id].alias_offset.constant();
    return plan_memory(plan, bytes(), offsets, workspace);
  }

  Plan plan;
};

TEST(Lifetimes, RunFromTheFirstWriterToTheLastReader) {
  PlanMaker m;
  const BufferId x = m.input(4), a = m.buffer(4), b = m.buffer(4), c = m.buffer(4);
  const BufferId unused = m.buffer(4);
  m.add({x}, {a});
  m.add({a}, {b});
  m.add({a, b}, {c});
  m.output(c);
  const auto lives = lifetimes(m.plan);
  const auto life = [&](BufferId id) { return std::pair(lives[id].first, lives[id].last); };
  EXPECT_EQ(life(a), std::pair(0, 2));
  EXPECT_EQ(life(b), std::pair(1, 2));
  EXPECT_EQ(life(c), std::pair(2, 3)) << "outputs live beyond the last step";
  EXPECT_EQ(life(unused), std::pair(-1, -1));
}

TEST(Lifetimes, ViewsCountForWhatTheyShow) {
  PlanMaker m;
  const BufferId x = m.input(4), a = m.buffer(4), view = m.alias(a), again = m.alias(view);
  const BufferId b = m.buffer(4), c = m.buffer(4);
  m.add({x}, {a});
  m.add({a}, {view});
  m.add({view}, {again});
  m.add({x}, {b});
  m.add({again, b}, {c});
  m.output(c);
  EXPECT_EQ(lifetimes(m.plan)[a].last, 4);
  EXPECT_EQ(m.memory().offsets[again], m.memory().offsets[a]);
  EXPECT_NE(m.memory().offsets[b], m.memory().offsets[a]);
}

TEST(Lifetimes, WhatALoopReadsLivesUntilItEnds) {
  PlanMaker m;
  const BufferId x = m.input(4), outer = m.buffer(4), first = m.buffer(4), second = m.buffer(4);
  const BufferId result = m.buffer(4);
  m.add({x}, {outer});
  Step loop = PlanMaker::step({outer}, {result});
  Region body;
  body.inputs = {outer};
  body.outputs = {second};
  body.steps = {PlanMaker::step({outer}, {first}), PlanMaker::step({first}, {second})};
  loop.regions = {body};
  m.plan.root.steps.push_back(loop);
  m.output(result);
  const auto lives = lifetimes(m.plan);
  EXPECT_EQ(lives[outer].last, 3) << "the second iteration reads it again";
  EXPECT_EQ(lives[result].first, 1);
  const MemoryPlan memory = m.memory();
  for (BufferId id : {first, second, result})
    EXPECT_NE(memory.offsets[id], memory.offsets[outer]) << id;
}

// Steps 0 and 1 after one another, and beside them 2 and 3.
bool two_branches(int32_t earlier, int32_t later) {
  return earlier / 2 == later / 2 || later > 3 || earlier > 3;
}

TEST(PlanMemory, StepsSideBySideGetPlacesApart) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), b = m.buffer(16), c = m.buffer(16),
                 d = m.buffer(16), y = m.buffer(64);
  m.add({x}, {a});
  m.add({a}, {b});
  m.add({x}, {c});  // beside a's branch
  m.add({c}, {d});
  m.add({b, d}, {y});
  m.output(y);
  const std::vector<std::optional<size_t>> offsets(m.plan.buffers.size());
  const std::vector<size_t> workspace(5, 0);
  const MemoryPlan close = plan_memory(m.plan, m.bytes(), offsets, workspace);
  EXPECT_EQ(close.offsets[a], close.offsets[c]);
  const MemoryPlan apart = plan_memory(m.plan, m.bytes(), offsets, workspace, two_branches);
  EXPECT_NE(apart.offsets[a], apart.offsets[c]);
}

TEST(PlanMemory, ResultsTakeTheirInputsPlaceWhereAllowed) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), b = m.buffer(16), c = m.buffer(16);
  m.add({x}, {a});
  m.add({a}, {b}).in_place = {{0, 0}};
  m.add({b}, {c}).in_place = {{0, 0}};
  m.output(c);
  const MemoryPlan memory = m.memory();
  EXPECT_EQ(memory.arena_bytes, 64u);
  EXPECT_EQ(memory.offsets[a], memory.offsets[c]);
}

TEST(PlanMemory, NotInPlaceWhereTheInputIsReadLaterOrSmaller) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), b = m.buffer(16), c = m.buffer(32);
  m.add({x}, {a});
  m.add({a}, {b}).in_place = {{0, 0}};
  m.add({a, b}, {c}).in_place = {{0, 0}, {0, 1}};
  m.output(c);
  const MemoryPlan memory = m.memory();
  EXPECT_NE(memory.offsets[a], memory.offsets[b]);
  EXPECT_NE(memory.offsets[a], memory.offsets[c]);
  EXPECT_NE(memory.offsets[b], memory.offsets[c]);
}

TEST(PlanMemory, InPlaceKeepsClearOfOtherReaders) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), view = m.alias(a), b = m.buffer(16);
  const BufferId c = m.buffer(16);
  m.add({x}, {a});
  m.add({a}, {view});
  m.add({a}, {b}).in_place = {{0, 0}};
  m.add({view, b}, {c});
  m.output(c);
  EXPECT_NE(m.memory().offsets[a], m.memory().offsets[b]) << "the view still shows the old value";
}

TEST(PlanMemory, InPlaceLeavesALoopWhatItsNextIterationReads) {
  PlanMaker m;
  const BufferId x = m.input(16), outer = m.buffer(16), inner = m.buffer(16), y = m.buffer(16);
  m.add({x}, {outer});
  Step loop = PlanMaker::step({outer}, {y}), last = PlanMaker::step({outer}, {inner});
  last.in_place = {{0, 0}};
  loop.regions = {Region{{outer}, {inner}, {last}}};
  m.plan.root.steps.push_back(loop);
  m.output(y);
  EXPECT_NE(m.memory().offsets[outer], m.memory().offsets[inner]);
}

TEST(PlanMemory, InPlaceLeavesWhatABodyGives) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), b = m.buffer(16), y = m.buffer(16);
  Step loop = PlanMaker::step({x}, {y}), first = PlanMaker::step({x}, {a});
  Step last = PlanMaker::step({a}, {b});
  last.in_place = {{0, 0}};
  loop.regions = {Region{{x}, {a, b}, {first, last}}};
  m.plan.root.steps.push_back(loop);
  m.output(y);
  EXPECT_NE(m.memory().offsets[a], m.memory().offsets[b]);
}

TEST(PlanMemory, PartsLieInTheirWhole) {
  PlanMaker m;
  const BufferId x = m.input(20), a = m.buffer(20), b = m.buffer(7), y = m.buffer(27);
  m.add({x}, {a});
  m.add({x}, {b});
  m.plan.root.steps.push_back(m.concat({a, b}));
  const BufferId whole = m.plan.root.steps.back().outputs[0];
  const BufferId cut = m.part(whole, 3, 22);
  m.add({whole}, {cut});
  m.add({whole, cut}, {y});
  m.output(y);
  const MemoryPlan memory = m.memory();
  EXPECT_EQ(memory.offsets[a], memory.offsets[whole]);
  EXPECT_EQ(memory.offsets[b], *memory.offsets[whole] + 80);
  EXPECT_EQ(memory.offsets[cut], *memory.offsets[whole] + 88);
  EXPECT_EQ(memory.arena_bytes, 2u * 128);
  EXPECT_EQ(lifetimes(m.plan)[whole].first, 0) << "from its first part on";
  EXPECT_EQ(lifetimes(m.plan)[whole].last, 4);
}

TEST(PlanMemory, APartHasNoPlaceWhereItsOffsetIsOpen) {
  PlanMaker m;
  const BufferId x = m.input(20), a = m.buffer(20), cut = m.part(a, 3, 2), y = m.buffer(3);
  m.add({x}, {a});
  m.add({a}, {cut});
  m.add({cut}, {y});
  m.output(y);
  std::vector<std::optional<size_t>> offsets(m.plan.buffers.size());
  const MemoryPlan memory = plan_memory(m.plan, m.bytes(), offsets, {0, 0, 0});
  EXPECT_TRUE(memory.offsets[a]);
  EXPECT_FALSE(memory.offsets[cut]);
}

// The kernel would write at the start of the memory while it reads further on, or the other way
// round.
TEST(PlanMemory, NotInPlaceWhereOneOfBothBeginsWithin) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), cut = m.part(a, 8, 8), y = m.buffer(8);
  m.add({x}, {a});
  m.add({a}, {cut});
  m.add({cut}, {y}).in_place = {{0, 0}};
  m.output(y);
  EXPECT_NE(m.memory().offsets[y], m.memory().offsets[a]);

  PlanMaker n;
  const BufferId input = n.input(99), big = n.buffer(99), p = n.buffer(8), q = n.buffer(8);
  n.add({input}, {big});
  n.add({big}, {q}).in_place = {{0, 0}};
  n.add({input}, {p});
  n.plan.root.steps.push_back(n.concat({p, q}));
  n.output(n.plan.root.steps.back().outputs[0]);
  const MemoryPlan memory = n.memory();
  EXPECT_GE(*memory.offsets[q], *memory.offsets[big] + 99 * 4);
}

TEST(PlanMemory, InPlaceOfTheFirstPartWhenNoOtherIsRead) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), first = m.part(a, 8, 0), y = m.buffer(8);
  m.add({x}, {a});
  m.add({a}, {first});
  m.add({first}, {y}).in_place = {{0, 0}};
  m.output(y);
  EXPECT_EQ(m.memory().offsets[y], m.memory().offsets[a]);
}

TEST(PlanMemory, WorkspaceIsAliveAtItsStepOnly) {
  PlanMaker m;
  const BufferId x = m.input(16), a = m.buffer(16), b = m.buffer(16);
  m.add({x}, {a});
  m.add({a}, {b});
  m.output(b);
  const MemoryPlan memory = m.memory({1000, 1000});
  EXPECT_EQ(memory.workspace_offsets[0], memory.workspace_offsets[1]);
  EXPECT_LE(memory.arena_bytes, 1024u + 128);
}

// Walks random plans as a context would: each step writes its own marks into its results; nobody
// else may have written over what a step reads.
class Walk {
 public:
  Walk(const PlanMaker& maker, const MemoryPlan& memory)
      : plan_(maker.plan), memory_(memory), arena_(memory.arena_bytes, -1) {
    for (const Buffer& buffer : plan_.buffers)
      contents_.emplace_back(product(*buffer.type.dims).constant() * 4, -1);
  }

  bool region(const Region& region) {
    for (const Step& step : region.steps) {
      for (BufferId id : step.inputs)
        if (!holds(id)) return false;
      if (!step.regions.empty())
        for (int iteration = 0; iteration < 2; ++iteration)
          for (const Region& body : step.regions) {
            if (!this->region(body)) return false;
            for (BufferId id : body.outputs)
              if (!holds(id)) return false;
          }
      if (step.problem.kind == ProblemKind::view) continue;
      for (BufferId id : step.outputs) write(id);
    }
    return true;
  }
  bool holds(BufferId id) const {
    if (!memory_.offsets[id]) return true;
    const auto [root, from] = place(id);
    for (int64_t i = 0; i < size_of(id); ++i)
      if (arena_[*memory_.offsets[id] + i] != contents_[root][from + i]) return false;
    return true;
  }

 private:
  // The root, and how far behind its start the buffer begins.
  std::pair<BufferId, int64_t> place(BufferId id) const {
    int64_t offset = 0;
    for (; plan_.buffers[id].alias != no_buffer; id = plan_.buffers[id].alias)
      offset += plan_.buffers[id].alias_offset.constant();
    return {id, offset};
  }
  int64_t size_of(BufferId id) const {
    return product(*plan_.buffers[id].type.dims).constant() * 4;
  }
  // Other bytes of the root stay as they are.
  void write(BufferId id) {
    if (!memory_.offsets[id]) return;
    const auto [root, from] = place(id);
    for (int64_t i = 0; i < size_of(id); ++i)
      arena_[*memory_.offsets[id] + i] = contents_[root][from + i] = next_;
    ++next_;
  }

  const Plan& plan_;
  const MemoryPlan& memory_;
  std::vector<int> arena_;
  std::vector<std::vector<int>> contents_;  // of roots, as their readers expect them
  int next_ = 0;
};

BufferId random_view(PlanMaker& m, std::mt19937& random, BufferId of) {
  const int64_t size = m.size(of);
  if (size == 0 || random() % 2 == 0) return m.alias(of);
  const int64_t from = random() % size;
  return m.part(of, 1 + random() % (size - from), from);
}

// A Concat of up to three of `made`, values that have memory of their own; those become its parts.
Step random_concat(PlanMaker& m, std::mt19937& random, std::vector<BufferId>& made) {
  std::vector<BufferId> parts;
  for (int i = 0; i < 3 && !made.empty(); ++i) {
    const auto at = made.begin() + random() % made.size();
    parts.push_back(*at);
    made.erase(at);
  }
  return m.concat(parts);
}

Step random_body_step(PlanMaker& m, std::mt19937& random, const std::vector<BufferId>& inputs,
                      Step step, int depth);

std::vector<Step> random_steps(PlanMaker& m, std::mt19937& random, std::vector<BufferId>& known,
                               int count, int depth) {
  std::vector<Step> steps;
  std::vector<BufferId> made;
  for (int i = 0; i < count; ++i) {
    std::vector<BufferId> inputs;
    for (size_t k = 1 + random() % 3; k > 0; --k) inputs.push_back(known[random() % known.size()]);
    const auto kind = random() % 10;
    Step step;
    if (kind < 2) {
      step = PlanMaker::step({inputs[0]}, {random_view(m, random, inputs[0])});
      step.problem.kind = ProblemKind::view;
    } else if (kind == 2 && !made.empty()) {
      step = random_concat(m, random, made);
      made.push_back(step.outputs[0]);
    } else {
      step = PlanMaker::step(inputs, {m.buffer(1 + random() % 50)});
      made.push_back(step.outputs[0]);
      if (random() % 2 == 0)
        for (int32_t k = 0; k < static_cast<int32_t>(inputs.size()); ++k)
          step.in_place.emplace_back(0, k);
      if (depth < 2 && random() % 6 == 0)
        step = random_body_step(m, random, inputs, std::move(step), depth);
      if (!step.regions.empty()) made.pop_back();
    }
    known.push_back(step.outputs[0]);
    steps.push_back(std::move(step));
  }
  return steps;
}

// A body reads what its step reads.
Step random_body_step(PlanMaker& m, std::mt19937& random, const std::vector<BufferId>& inputs,
                      Step step, int depth) {
  step.in_place.clear();
  std::vector<BufferId> inside = inputs;
  Region body;
  body.inputs = inputs;
  body.steps = random_steps(m, random, inside, 3, depth + 1);
  body.outputs = {inside.back(), inside[inside.size() - 1 - random() % 3]};
  step.regions = {body};
  return step;
}

TEST(PlanMemory, RandomPlansNeverWriteOverWhatIsStillRead) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    PlanMaker m;
    std::vector<BufferId> known{m.input(8), m.input(30)};
    m.plan.root.steps = random_steps(m, random, known, 12, 0);
    while (m.plan.buffers[known.back()].alias != no_buffer) known.pop_back();
    if (m.plan.buffers[known.back()].storage == Storage::input) continue;
    m.output(known.back());
    verify(m.plan);
    const MemoryPlan memory = m.memory();
    Walk walk(m, memory);
    ASSERT_TRUE(walk.region(m.plan.root)) << "seed " << seed << "\n" << print(m.plan);
    ASSERT_TRUE(walk.holds(m.plan.root.outputs[0])) << "seed " << seed;
  }
}

}  // namespace
}  // namespace cermet
