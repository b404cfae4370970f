"""`python -m benchmarks.gate`, the same as `python -m benchmarks gate`."""

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.argv.insert(1, "gate")
    main(prog_name="python -m benchmarks")
