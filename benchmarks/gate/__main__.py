"""`python -m benchmarks.gate`."""

from benchmarks.cli.gate import main

if __name__ == "__main__":
    main()
