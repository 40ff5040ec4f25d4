// Types of the recurrent operators, and the agreement of their operands' sizes.
#include "ops/recurrent/recurrent.attrs.h"
#include "ops/recurrent/recurrent.ref.h"

namespace cermet {
namespace {

enum : size_t { x, w, r, bias, sequence_lens, initial_h, initial_c, peepholes };

void require_shape(const InferContext& context, size_t i, std::string_view name,
                   const Dims& expected) {
  if (!context.has_input(i) || !context.has_rank(i)) return;
  const Dims& dims = context.dims(i);
  bool fits = dims.size() == expected.size();
  for (size_t d = 0; fits && d < dims.size(); ++d)
    fits = !dims[d].is_constant() || !expected[d].is_constant() || dims[d] == expected[d];
  context.require(fits, "{}: expected {}, got {}", name, to_string(expected),
                  context.input(i).to_string());
}

Dim size_of(InferContext& context, size_t i, size_t d, std::string_view hint) {
  if (!context.has_rank(i)) return context.new_dim(hint);
  context.require(context.rank(i) == 3, "input {}: expected 3 dimensions, got {}", i,
                  context.input(i).to_string());
  return context.dims(i)[d];
}

void infer_recurrent(InferContext& context, RecurrentCell cell) {
  const auto attributes = RecurrentAttributes::from(context.attributes(), cell);
  const ElementType element = context.element(x);
  const Dim directions = attributes.directions();
  const Dim length = size_of(context, x, attributes.batch_first ? 1 : 0, "length");
  const Dim batch = size_of(context, x, attributes.batch_first ? 0 : 1, "batch");
  const Dim features = size_of(context, x, 2, "features");
  const Dim hidden =
      attributes.hidden_size ? Dim(*attributes.hidden_size) : size_of(context, r, 2, "hidden");
  const Dim gates = hidden * gate_count(cell);
  const Dims state =
      attributes.batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden};
  require_shape(context, w, "W", {directions, gates, features});
  require_shape(context, r, "R", {directions, gates, hidden});
  require_shape(context, bias, "B", {directions, gates * 2});
  require_shape(context, sequence_lens, "sequence_lens", {batch});
  require_shape(context, initial_h, "initial_h", state);
  if (cell == RecurrentCell::lstm) {
    require_shape(context, initial_c, "initial_c", state);
    require_shape(context, peepholes, "P", {directions, hidden * 3});
  }
  context.set_output(0, element,
                     attributes.batch_first ? Dims{batch, length, directions, hidden}
                                            : Dims{length, directions, batch, hidden});
  context.set_output(1, element, state);
  if (cell == RecurrentCell::lstm) context.set_output(2, element, state);
}

}  // namespace

void infer_rnn(InferContext& context) { infer_recurrent(context, RecurrentCell::rnn); }
void infer_gru(InferContext& context) { infer_recurrent(context, RecurrentCell::gru); }
void infer_lstm(InferContext& context) { infer_recurrent(context, RecurrentCell::lstm); }

}  // namespace cermet
