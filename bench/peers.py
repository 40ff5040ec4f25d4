"""The peers that run in this process: ONNX Runtime and OpenVINO.

A peer, and Cermet (cermet.py), has `name`, `version()`, `prepare(case, threads)`, `outputs()` (name
to array), `round(seconds, warmup)`, a round's median in milliseconds, and `peak_memory(case,
threads)` in MiB. One peer works at a time; a round starts with `warmup` runs that are not counted.
"""
import functools

import alone
import timing


class InProcess:
    """What the peers share: `run` is set by prepare."""

    def round(self, seconds, warmup):
        return timing.time_round(self.run, seconds, warmup)

    def peak_memory(self, case, threads):
        return alone.ask("memory", self.name, case, threads)


class OnnxRuntime(InProcess):
    """Inputs are bound once: a round holds no copying that Cermet is spared."""
    name = "ort"

    def __init__(self):
        import onnxruntime
        self.library = onnxruntime

    def version(self):
        return self.library.__version__

    def session(self, path, threads):
        options = self.library.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        return self.library.InferenceSession(str(path), options,
                                             providers=["CPUExecutionProvider"])

    def prepare(self, case, threads):
        session = self.session(case.path, threads)
        binding = session.io_binding()
        for name, value in case.inputs.items():
            binding.bind_cpu_input(name, value)
        self.output_names = [output.name for output in session.get_outputs()]
        for name in self.output_names:
            binding.bind_output(name)
        self.binding = binding
        self.run = functools.partial(session.run_with_iobinding, binding)

    def outputs(self):
        self.run()
        return dict(zip(self.output_names, self.binding.copy_outputs_to_cpu()))


class OpenVino(InProcess):
    """Compiled for the case's shapes, float32 like the others."""
    name = "openvino"

    def __init__(self):
        import openvino
        self.library = openvino

    def version(self):
        return self.library.__version__

    def compile(self, case, **settings):
        core = self.library.Core()
        model = core.read_model(str(case.path))
        model.reshape({name: list(value.shape) for name, value in case.inputs.items()})
        return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **settings})

    def request(self, compiled, case):
        request = compiled.create_infer_request()
        for name, value in case.inputs.items():
            request.set_tensor(name, self.library.Tensor(value))
        return request

    def prepare(self, case, threads):
        compiled = self.compile(case, INFERENCE_NUM_THREADS=threads, PERFORMANCE_HINT="LATENCY")
        self.last = self.request(compiled, case)
        self.ports = compiled.outputs
        self.run = self.last.infer

    def outputs(self):
        self.run()
        return {port.get_any_name(): self.last.get_tensor(port).data.copy()
                for port in self.ports}


MAKERS = {"ort": OnnxRuntime, "openvino": OpenVino}
