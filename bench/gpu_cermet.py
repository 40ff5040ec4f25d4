"""Cermet on a GPU from Python: its command builds engines, its C library runs them."""
import copy
import ctypes
import os
import pathlib
import subprocess
import time

# ONNX's TensorProto.DataType, by NumPy's names.
ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9,
                 "float16": 10, "float64": 11, "bfloat16": 16}
DEVICE = 8  # status: the machine lacks what the engine needs
UNSUPPORTED = 3


class CermetError(Exception):
    """What Cermet said, and the status of the call that failed (0: of the command)."""

    def __init__(self, message, status=0):
        super().__init__(message)
        self.status = status


class TensorInfo(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("name", ctypes.c_char_p),
                ("element_type", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("dims", ctypes.POINTER(ctypes.c_char_p))]


class EngineOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("plugins", ctypes.POINTER(ctypes.c_char_p)),
                ("plugin_count", ctypes.c_size_t), ("log", ctypes.c_void_p),
                ("log_user", ctypes.c_void_p), ("device", ctypes.c_int32)]


class OutputTensor(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("element_type", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("rank", ctypes.c_size_t),
                ("data", ctypes.c_void_p), ("bytes", ctypes.c_size_t)]


def library_folder():
    given = os.environ.get("CERMET_LIB")
    return pathlib.Path(given) if given else root() / "build" / "release" / "lib"


def program():
    given = os.environ.get("CERMET_BIN")
    return (pathlib.Path(given) if given else root() / "build" / "release" / "bin") / "cermet"


def root():
    return pathlib.Path(__file__).resolve().parent.parent


class Library:
    """libcermet_runtime through its C interface."""

    def __init__(self, folder=None):
        path = pathlib.Path(folder or library_folder()) / "libcermet_runtime.so.0"
        self.calls = ctypes.CDLL(str(path))
        self.calls.cermet_last_error.restype = ctypes.c_char_p
        for name in ("input", "output"):
            count = getattr(self.calls, f"cermet_engine_{name}_count")
            count.restype, count.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
        for name in ("engine", "context"):
            getattr(self.calls, f"cermet_{name}_release").argtypes = [ctypes.c_void_p]
            getattr(self.calls, f"cermet_{name}_release").restype = None

    def call(self, name, *arguments):
        status = getattr(self.calls, f"cermet_{name}")(*arguments)
        if status != 0:
            raise CermetError(self.calls.cermet_last_error().decode(), status)


class Engine:
    """A loaded engine with one context."""

    def __init__(self, library, path, gpu=0):
        self.library = library
        self.engine, self.context = ctypes.c_void_p(), ctypes.c_void_p()
        options = EngineOptions(size=ctypes.sizeof(EngineOptions), device=gpu)
        library.call("engine_load_with", os.fsencode(path), ctypes.byref(options),
                     ctypes.byref(self.engine))
        library.call("context_create", self.engine, None, ctypes.byref(self.context))
        self.inputs, self.outputs = self.describe("input"), self.describe("output")

    def another_context(self):
        """The same engine with a context of its own, for another thread."""
        other = copy.copy(self)
        other.engine, other.context = ctypes.c_void_p(), ctypes.c_void_p()
        self.library.call("context_create", self.engine, None, ctypes.byref(other.context))
        return other

    def describe(self, side):
        """Names and element types (ONNX's numbers) of the inputs or outputs, in order."""
        count = getattr(self.library.calls, f"cermet_engine_{side}_count")(self.engine)
        found = []
        for index in range(count):
            info = TensorInfo(size=ctypes.sizeof(TensorInfo))
            self.library.call(f"engine_{side}", self.engine, ctypes.c_size_t(index),
                              ctypes.byref(info))
            found.append((info.name.decode(), info.element_type))
        return found

    def set_input(self, name, element_type, shape, pointer):
        sizes = (ctypes.c_int64 * len(shape))(*shape)
        self.library.call("context_set_input", self.context, name.encode(),
                          ctypes.c_int32(element_type), sizes, ctypes.c_size_t(len(shape)),
                          ctypes.c_void_p(pointer))

    def set_output(self, name, pointer, byte_count):
        self.library.call("context_set_output_memory", self.context, name.encode(),
                          ctypes.c_void_p(pointer), ctypes.c_size_t(byte_count))

    def execute(self):
        self.library.call("context_execute", self.context)

    def enqueue(self, stream):
        """`stream`: a cudaStream_t as a number."""
        self.library.call("context_enqueue", self.context, ctypes.c_void_p(stream))

    def output(self, name):
        """Element type, shape, address and bytes of what the last execute() made."""
        tensor = OutputTensor(size=ctypes.sizeof(OutputTensor))
        self.library.call("context_output", self.context, name.encode(), ctypes.byref(tensor))
        return tensor.element_type, tensor.shape[:tensor.rank], tensor.data, tensor.bytes

    def activation_bytes(self):
        last, peak = ctypes.c_size_t(), ctypes.c_size_t()
        self.library.call("context_activation_bytes", self.context, ctypes.byref(last),
                          ctypes.byref(peak))
        return peak.value

    def close(self):
        self.library.calls.cermet_context_release(self.context)
        self.library.calls.cermet_engine_release(self.engine)
        self.context, self.engine = ctypes.c_void_p(), ctypes.c_void_p()


def build(model, engine, options, kernel_cache=None, limit=None):
    """Seconds that building took, and what the command said last."""
    environment = dict(os.environ)
    if kernel_cache:
        environment["CERMET_KERNEL_CACHE"] = str(kernel_cache)
    command = [str(program()), "build", str(model), "-o", str(engine), *map(str, options)]
    begin = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment,
                              timeout=limit)
    except subprocess.TimeoutExpired:
        raise CermetError(f"building took more than {limit:.0f} s") from None
    except OSError as error:
        raise CermetError(f"{command[0]}: {error.strerror}; CERMET_BIN names its folder") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CermetError(f"`{' '.join(command)}` ended with {done.returncode}: {said}")
    said = done.stdout.strip().splitlines()
    return time.perf_counter() - begin, said[-1] if said else ""
