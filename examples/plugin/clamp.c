/* A plugin with one operator, com.example.Clamp01: every element of a float32 tensor, times the
 * attribute `gain` (default 1), limited to 0..1. */
#include <cermet/plugin.h>
#include <stdio.h>

enum { float32 = 1 };

static double gain_of(const cermet_plugin_attributes* attributes) {
  double gain = 1;
  attributes->get_float(attributes->node, "gain", &gain);
  return gain;
}

static int clamp_infer(void* user_data, const cermet_plugin_infer_call* call, char* message,
                       size_t message_size) {
  (void)user_data;
  if (call->input_count != 1 || call->inputs[0] == NULL || call->output_count != 1) {
    snprintf(message, message_size, "Clamp01: expected one input and one output");
    return 1;
  }
  if (call->inputs[0]->element_type != float32) {
    snprintf(message, message_size, "Clamp01: expected float32, got element type %d",
             (int)call->inputs[0]->element_type);
    return 1;
  }
  if (gain_of(call->attributes) <= 0) {
    snprintf(message, message_size, "Clamp01: expected a gain above 0, got %g",
             gain_of(call->attributes));
    return 1;
  }
  return call->set_output_like(call->host, 0, float32, 0);
}

static int clamp_evaluate(void* user_data, const cermet_plugin_evaluate_call* call, char* message,
                          size_t message_size) {
  const cermet_plugin_tensor* x = call->inputs[0];
  const float* from = (const float*)x->data;
  const float gain = (float)gain_of(call->attributes);
  float* to = (float*)call->allocate_output(call->host, 0, float32, x->rank, x->sizes);
  int64_t count = 1;
  (void)user_data;
  if (to == NULL) {
    snprintf(message, message_size, "Clamp01: no memory for the output");
    return 1;
  }
  for (int32_t d = 0; d < x->rank; ++d) count *= x->sizes[d];
  for (int64_t i = 0; i < count; ++i) {
    const float y = from[i] * gain;
    to[i] = y < 0 ? 0 : y > 1 ? 1 : y;
  }
  return 0;
}

static const cermet_plugin_operator clamp = {sizeof(cermet_plugin_operator),
                                             "com.example",
                                             "Clamp01",
                                             1,
                                             clamp_infer,
                                             clamp_evaluate,
                                             NULL,
                                             1};
static const cermet_plugin_operator* const operators[] = {&clamp};

/* A build may ask for another number, to see it refused. */
#ifndef CLAMP_ABI
#define CLAMP_ABI CERMET_PLUGIN_ABI
#endif

static const cermet_plugin_library library = {
    sizeof(cermet_plugin_library), CLAMP_ABI, "clamp", "1.0.0", 1, operators};

const cermet_plugin_library* cermet_plugin(void) { return &library; }
