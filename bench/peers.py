"""The peers that run in this process: ONNX Runtime and OpenVINO.

A peer, and Cermet (cermet_peer.py), has `name`, `version()`, `prepare(case, threads)`, `outputs()` (name
to array), `round(seconds, warmup)`, a round's median in milliseconds, `prepare_contexts(case,
contexts, threads)` and `at_once(seconds, warmup)`, figures of contexts that run at once
(timing.spread), and, in processes of their own, `peak_memory(case, threads)` in MiB and `start(case,
threads)` in milliseconds. One peer works at a time; a round starts with `warmup` runs that are not
counted.
"""
import functools

import alone
import timing


class InProcess:
    """What the peers share: `run` is set by prepare, `runs` by prepare_contexts."""

    def round(self, seconds, warmup):
        return timing.time_round(self.run, seconds, warmup)

    def at_once(self, seconds, warmup):
        return timing.time_at_once(self.runs, seconds, warmup)

    def peak_memory(self, case, threads):
        return alone.ask("memory", self.name, case, threads)

    def start(self, case, threads):
        return alone.ask("start", self.name, case, threads)


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

    def bound(self, case, threads):
        """A session and its binding."""
        session = self.session(case.path, threads)
        binding = session.io_binding()
        for name, value in case.inputs.items():
            binding.bind_cpu_input(name, value)
        for output in session.get_outputs():
            binding.bind_output(output.name)
        return session, binding

    def prepare(self, case, threads):
        session, self.binding = self.bound(case, threads)
        self.output_names = [output.name for output in session.get_outputs()]
        self.run = functools.partial(session.run_with_iobinding, self.binding)

    def prepare_contexts(self, case, contexts, threads):
        made = [self.bound(case, threads) for _ in range(contexts)]
        self.runs = [functools.partial(session.run_with_iobinding, binding)
                     for session, binding in made]

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

    def prepare_contexts(self, case, contexts, threads):
        """Of one thread: OpenVINO's own streams. Of more, models that know nothing of each other."""
        if threads == 1:
            compiled = self.compile(case, NUM_STREAMS=contexts, INFERENCE_NUM_THREADS=contexts,
                                    PERFORMANCE_HINT="THROUGHPUT")
            self.runs = [self.request(compiled, case).infer for _ in range(contexts)]
        else:
            self.runs = [self.request(self.compile(
                case, INFERENCE_NUM_THREADS=threads, PERFORMANCE_HINT="LATENCY",
                ENABLE_CPU_PINNING=False), case).infer for _ in range(contexts)]

    def outputs(self):
        self.run()
        return {port.get_any_name(): self.last.get_tensor(port).data.copy()
                for port in self.ports}


MAKERS = {"ort": OnnxRuntime, "openvino": OpenVino}
