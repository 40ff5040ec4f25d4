"""Prints float_table.inc: the values of all codes without sign of the small float formats, as the
ml_dtypes package of PyPI decodes them."""

import ml_dtypes
import numpy as np

FORMATS = {
    "float8e4m3fn": (ml_dtypes.float8_e4m3fn, 128),
    "float8e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, 128),
    "float8e5m2": (ml_dtypes.float8_e5m2, 128),
    "float8e5m2fnuz": (ml_dtypes.float8_e5m2fnuz, 128),
    "float4e2m1": (ml_dtypes.float4_e2m1fn, 8),
}


def text(value):
    if np.isnan(value):
        return "NAN"
    return "INFINITY" if np.isinf(value) else repr(float(value))


for name, (dtype, codes) in FORMATS.items():
    values = np.arange(codes, dtype=np.uint8).view(dtype).astype(np.float64)
    print(f"{{ElementType::{name}, {{")
    for start in range(0, codes, 8):
        print("  " + " ".join(text(v) + "," for v in values[start : start + 8]))
    print("}},")
