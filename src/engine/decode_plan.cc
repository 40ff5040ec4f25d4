#include "engine/decode_plan.h"

#include "engine/check_plan.h"
#include "engine/decode_constants.h"
#include "engine/decode_programs.h"
#include "engine/decode_values.h"
#include "engine/format.h"

namespace cermet {
namespace {

// Reads the parts that refer to one another by index; check_plan looks at what they refer to.
class PlanDecoder {
 public:
  PlanDecoder(const fb::Engine& engine, ValueDecoder& values) : engine_(engine), values_(values) {}

  Plan decode(const Sections& sections) {
    Plan plan;
    plan.constants = decode_constants(engine_, sections, values_);
    plan.modules = decode_modules(engine_, sections, values_);
    for_each_entry(engine_.buffers(), "buffer",
                   [&](const fb::Buffer* from, size_t) { plan.buffers.push_back(buffer(*from)); });
    expect_engine(engine_.root() != nullptr, "root: it is missing");
    plan.root = region(*engine_.root(), 0);
    for_each_entry(engine_.profiles(), "profile", [&](const fb::Profile* from, size_t) {
      plan.profiles.push_back(profile(*from));
    });
    plan.input_names = values_.texts(engine_.input_names());
    plan.output_names = values_.texts(engine_.output_names());
    if (engine_.batch() != -1) plan.batch = values_.dim(engine_.batch());
    return plan;
  }

  EngineInfo info() {
    return {values_.text(engine_.version()), values_.text(engine_.options()),
            values_.texts(engine_.requirements()), values_.texts(engine_.cpu_features())};
  }

 private:
  Buffer buffer(const fb::Buffer& from) {
    Buffer result;
    result.name = values_.text(from.name());
    result.type = values_.type(from.type());
    expect_engine(from.storage() <= fb::Storage::MAX, "storage: expected at most {}, got {}",
                  static_cast<int>(fb::Storage::MAX), static_cast<int>(from.storage()));
    result.storage = static_cast<Storage>(from.storage());
    result.layout = values_.layout(from.layout(), result.type);
    result.constant = from.constant();
    result.alias = from.alias();
    if (from.alias_offset() != -1) result.alias_offset = values_.dim(from.alias_offset());
    result.place = decode_place(from.place());
    return result;
  }

  std::vector<std::optional<Operand>> operands(
      const flatbuffers::Vector<flatbuffers::Offset<fb::Operand>>* list, std::string_view field) {
    std::vector<std::optional<Operand>> result;
    for_each_entry(list, field, [&](const fb::Operand* from, size_t) {
      if (from->type() == -1) {
        result.emplace_back();
        return;
      }
      Operand operand{values_.type(from->type()), {}, from->constant()};
      operand.layout = values_.layout(from->layout(), operand.type);
      result.emplace_back(std::move(operand));
    });
    return result;
  }

  Problem problem(const fb::Problem& from) {
    Problem result;
    const std::string kind = values_.text(from.kind());
    const auto known = problem_kind_from_name(kind);
    expect_engine(known.has_value(),
                  "kind: expected a problem's kind that this release has, got "
                  "'{}'",
                  kind);
    result.kind = *known;
    result.domain = values_.text(from.domain());
    result.op = values_.text(from.op());
    result.attributes = values_.attributes(from.attributes());
    result.inputs = operands(from.inputs(), "input");
    result.outputs = operands(from.outputs(), "output");
    const std::string expression = values_.text(from.expression());
    if (!expression.empty())
      result.expression =
          in_field([] { return "expression"; }, [&] { return ScalarExpr::parse(expression); });
    result.epilogue_first = from.epilogue_first();
    result.dims = values_.dims(from.dims());
    return result;
  }

  Step step(const fb::Step& from, int depth) {
    Step result;
    expect_engine(from.problem() != nullptr, "problem: it is missing");
    result.problem = in_field([] { return "problem"; }, [&] { return problem(*from.problem()); });
    result.inputs = values_.list(from.inputs());
    result.outputs = values_.list(from.outputs());
    if (from.choice() != nullptr)
      result.choice = {values_.text(from.choice()->tactic()), from.choice()->version(),
                       values_.text(from.choice()->configuration())};
    result.origin = values_.texts(from.origin());
    for_each_entry(from.regions(), "region", [&](const fb::Region* inner, size_t) {
      result.regions.push_back(region(*inner, depth + 1));
    });
    if (from.in_place() != nullptr)
      for (const fb::InPlace* pair : *from.in_place())
        result.in_place.emplace_back(pair->output(), pair->input());
    result.place = decode_place(from.place());
    result.program = decode_program(from, values_);
    return result;
  }

  Region region(const fb::Region& from, int depth) {
    expect_engine(depth <= max_region_depth, "expected at most {} regions within each other",
                  max_region_depth);
    Region result;
    result.inputs = values_.list(from.inputs());
    result.outputs = values_.list(from.outputs());
    for_each_entry(from.steps(), "step", [&](const fb::Step* entry, size_t) {
      std::string name = values_.text(entry->name());
      in_field([&] { return fmt::format("'{}'", name); },
               [&] { result.steps.push_back(step(*entry, depth)); });
      result.steps.back().name = std::move(name);
    });
    return result;
  }

  Profile profile(const fb::Profile& from) {
    Profile result;
    for_each_entry(from.inputs(), "input", [&](const fb::ProfileInput* input, size_t) {
      result.inputs.push_back({values_.text(input->name()), values_.list(input->min()),
                               values_.list(input->opt()), values_.list(input->max())});
    });
    return result;
  }

  const fb::Engine& engine_;
  ValueDecoder& values_;
};

const fb::Engine& verified(std::span<const std::byte> metadata) {
  expect_engine(metadata.size() < FLATBUFFERS_MAX_BUFFER_SIZE, "expected at most {} bytes, got {}",
                FLATBUFFERS_MAX_BUFFER_SIZE, metadata.size());
  const auto* data = reinterpret_cast<const uint8_t*>(metadata.data());
  // A region is two tables deep, and a table that is not shared has at least 8 bytes.
  constexpr flatbuffers::uoffset_t max_depth = 2 * max_region_depth + 18;
  const auto max_tables = static_cast<flatbuffers::uoffset_t>(metadata.size() / 8 + 1);
  flatbuffers::Verifier verifier(data, metadata.size(), max_depth, max_tables);
  expect_engine(fb::VerifyEngineBuffer(verifier),
                "expected FlatBuffers of the schema \"{}\", got {} bytes that are damaged or "
                "nested deeper than {} regions; build the engine again",
                fb::EngineIdentifier(), metadata.size(), max_region_depth);
  return *fb::GetEngine(data);
}

EngineImage decode_engine(const fb::Engine& engine, const Sections& sections) {
  ValueDecoder values(engine, sections.metadata.size());
  PlanDecoder decoder(engine, values);
  EngineImage image{decoder.decode(sections), decoder.info()};
  check_plan(image.plan);
  return image;
}

// Callers know one set of inputs and outputs, whichever plan runs.
void check_same_side(const Plan& plan, const std::vector<BufferId>& ids,
                     const std::vector<std::string>& names, const Plan& other,
                     const std::vector<BufferId>& other_ids,
                     const std::vector<std::string>& other_names, std::string_view field) {
  expect_engine(names == other_names, "{}s: expected the names of the engine's own, got others",
                field);
  for (size_t i = 0; i < ids.size(); ++i) {
    const ValueType mine = other.outer_type(other_ids[i]), its = plan.outer_type(ids[i]);
    expect_engine(
        mine.kind == its.kind && mine.element == its.element && mine.has_rank() == its.has_rank() &&
            (!mine.has_rank() || mine.rank() == its.rank()),
        "{} '{}': expected {}, got {}", field, names[i], its.to_string(), mine.to_string());
  }
}

std::shared_ptr<EngineImage> decode_on_cpu(const fb::Engine& engine, const EngineImage& first,
                                           const Sections& sections) {
  expect_engine(engine.on_cpu()->on_cpu() == nullptr, "on_cpu: expected none within it");
  auto image = std::make_shared<EngineImage>(decode_engine(*engine.on_cpu(), sections));
  const Plan &plan = first.plan, &other = image->plan;
  expect_engine(!other.uses_device(), "steps: expected all on the host, got one on the device");
  check_same_side(plan, plan.root.inputs, plan.input_names, other, other.root.inputs,
                  other.input_names, "input");
  check_same_side(plan, plan.root.outputs, plan.output_names, other, other.root.outputs,
                  other.output_names, "output");
  return image;
}

}  // namespace

EngineImage decode_metadata(const Sections& sections) {
  return in_field([] { return "metadata"; },
                  [&] {
                    const fb::Engine& engine = verified(sections.metadata);
                    EngineImage image = decode_engine(engine, sections);
                    if (engine.on_cpu() != nullptr)
                      image.on_cpu =
                          in_field([] { return "on_cpu"; },
                                   [&] { return decode_on_cpu(engine, image, sections); });
                    return image;
                  });
}

}  // namespace cermet
