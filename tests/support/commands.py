"""The built commands, for tests that drive them; a test that imports this is skipped without them."""
import os
import pathlib
import sys

BIN = pathlib.Path(os.environ.get("CERMET_BUILD_DIR", "build/release")) / "bin"
CERMET, CERMET_RUN = BIN / "cermet", BIN / "cermet-run"
if not CERMET.exists() or not CERMET_RUN.exists():
    print(f"skipped: no commands in {BIN}")
    sys.exit(77)

# Exit statuses, as docs/command.md lists them.
WRONG_USE, INVALID_MODEL, UNSUPPORTED, OUT_OF_RANGE, NO_MEMORY, IO, INVALID_ENGINE = range(1, 8)
DATA = 9
