"""`python -m benchmarks.gate`."""

from benchmarks.gate.cli import main

if __name__ == "__main__":
    main()
