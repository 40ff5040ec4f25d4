"""The rows of the benchmark table: which model, at which batch, fed with what."""
import dataclasses
import pathlib

import numpy as np

SEED = 0
# Below every vocabulary in use, so that any integer input may index an embedding.
INTEGER_LIMIT = 100

# Written by export_models.py.
EXPORTED_ROWS = [
    ("mobilenet_v2", 1),
    ("mobilenet_v2", 8),
    ("resnet18", 1),
    ("resnet50", 1),
    ("resnet50", 8),
    ("efficientnet_b0", 1),
    ("bert_base", 1),
    ("bert_base", 8),
    ("vit_b_16", 1),
    ("convnext_tiny", 1),
    ("yolo_small", 1),
    ("whisper_encoder", 1),
]
# Trained models of others, which the user brings (README.md says whose they are).
BROUGHT_ROWS = [
    ("ultraface-rfb-320", 1),
    ("mnist-cntk", 1),
    ("magika-v3", 1),
]

ELEMENT_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


@dataclasses.dataclass
class Case:
    """One row. `inputs` is filled from the model's own description by `feed`.

    `given` maps an input's name to its shape (a list) or to its values (an array).
    """
    path: pathlib.Path
    batch: int
    given: dict = dataclasses.field(default_factory=dict)
    inputs: dict = dataclasses.field(default_factory=dict)

    @property
    def label(self):
        return f"{self.path.stem}-b{self.batch}"

    @property
    def shapes(self):
        """As the flags of `cermet` want them: x=1x3x8x8,s=scalar."""
        return ",".join(f"{name}={'x'.join(map(str, value.shape)) or 'scalar'}"
                        for name, value in self.inputs.items())


def standard_cases(folders):
    """The table's rows whose model lies in one of the folders, and in words what is missing."""
    cases, missing = [], {}
    for rows, remedy in ((EXPORTED_ROWS, "bench/export_models.py writes it"),
                         (BROUGHT_ROWS, "bench/README.md says where it is from")):
        for name, batch in rows:
            file = f"{name}.onnx"
            found = [folder / file for folder in folders if (folder / file).exists()]
            if found:
                cases.append(Case(found[0], batch))
            else:
                missing[file] = f"left out: no {file} in {', '.join(map(str, folders))}; {remedy}"
    return cases, list(missing.values())


def parse_case(text):
    """Reads FILE[:BATCH[:NAME=GIVEN,...]]; GIVEN is a shape (1x3x8x8) or an .npy file."""
    name, _, rest = text.partition(":")
    batch, _, givens = rest.partition(":")
    path = pathlib.Path(name)
    if not path.exists():
        raise ValueError(f"--model {text}: no file {path}")
    if batch and not batch.isdigit():
        raise ValueError(f"--model {text}: expected a batch after the file, got '{batch}'")
    return Case(path, int(batch or 1), dict(map(parse_given, filter(None, givens.split(",")))))


def parse_given(text):
    name, _, value = text.partition("=")
    if value.endswith(".npy"):
        return name, np.load(value)
    try:
        return name, [int(size) for size in value.split("x") if value != "scalar"]
    except ValueError:
        raise ValueError(f"input '{name}': expected a shape such as 1x3x8x8, the word scalar or an "
                         f".npy file, got '{value}'") from None


def feed(case, descriptions):
    """Fills `case.inputs` for inputs described by .name, .shape and .type as ONNX Runtime does."""
    random = np.random.default_rng(SEED)
    if unknown := set(case.given) - {d.name for d in descriptions}:
        raise ValueError(f"{case.path}: has no input {sorted(unknown)}; "
                         f"its inputs are {[d.name for d in descriptions]}")
    for description in descriptions:
        given = case.given.get(description.name)
        if isinstance(given, np.ndarray):
            case.inputs[description.name] = given
        else:
            shape = concrete_shape(case, description) if given is None else given
            case.inputs[description.name] = values(random, description, shape)


def concrete_shape(case, description):
    shape = list(description.shape)
    if shape and not isinstance(shape[0], int):
        shape[0] = case.batch
    if not all(isinstance(size, int) for size in shape):
        raise ValueError(f"{case.path}: input '{description.name}' has the open shape "
                         f"{description.shape}; give it: --model {case.path}:{case.batch}:"
                         f"{description.name}=SIZExSIZE...")
    return shape


def values(random, description, shape):
    if description.type not in ELEMENT_TYPES:
        raise ValueError(f"input '{description.name}': no values known for {description.type}")
    kind = np.dtype(ELEMENT_TYPES[description.type])
    if kind.kind == "f":
        return random.standard_normal(shape).astype(kind)
    if kind == np.bool_ or "mask" in description.name:
        return np.ones(shape, kind)
    return random.integers(0, INTEGER_LIMIT, shape).astype(kind)
