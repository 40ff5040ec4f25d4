// run_many ENGINE FOLDER...: runs one engine in one execution context on the inputs of each folder
// (input_0.npy ..), one after another; results go to FOLDER/out, an error's text to
// FOLDER/error.txt.
#include <fstream>

#include "cermet/error.h"
#include "common/inputs.h"
#include "common/outputs.h"

int main(int argc, char** argv) {
  using namespace cermet;
  if (argc < 3) return 1;
  const std::shared_ptr<const Engine> engine = Engine::load(argv[1]);
  ExecutionContext context(engine);
  for (int i = 2; i < argc; ++i) {
    const std::string folder = argv[i];
    tools::InputOptions inputs;
    inputs.folder = folder;
    tools::OutputOptions outputs;
    outputs.folder = folder + "/out";
    outputs.format = tools::FileFormat::npy;
    try {
      tools::set_inputs(context, *engine, tools::gather_inputs(*engine, inputs));
      context.execute();
      tools::give_outputs(*engine, context, outputs);
    } catch (const Error& error) {
      std::ofstream(folder + "/error.txt") << error.what() << '\n';
    }
  }
  return 0;
}
