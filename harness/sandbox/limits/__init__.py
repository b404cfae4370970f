"""What holds an execution environment to its memory and its share of a CPU, and measures what it uses."""
