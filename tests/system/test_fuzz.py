#!/usr/bin/env python3
"""Runs every fuzzer of tests/fuzz, built for 32 and for 64 bits, a fixed number of times with a fixed seed (`make
fuzz` runs them for longer, and finds its own way). A fuzzer without a line here fails."""

import glob
import os
import subprocess
import sys

import suite

RUNS = {
    "elf": 40000,
    "fat": 6000,
    "format": 5000,
    "heap": 400,
    "keyboard": 8000,
    "kmem": 300,
    "memory_map": 3000,
}
SECONDS = suite.SECONDS


FOLDERS = {"": "build/fuzz", "x86_64: ": "build/fuzz64"}


def run(folder, name):
    """None, or what is wrong."""
    command = [f"{folder}/fuzz_{name}", str(RUNS.get(name, 0))]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"it did not end in {SECONDS} s"
    if result.returncode != 0 or b" ... ok" not in result.stdout:
        return f"status {result.returncode}:\n" + result.stdout.decode("utf-8", "replace")
    return None


def main():
    subprocess.run(["make", "-s", f"-j{os.cpu_count() or 1}", "fuzzers"], check=True)
    names = sorted(os.path.basename(path)[len("fuzz_"):-2] for path in glob.glob("tests/fuzz/fuzz_*.c"))
    suite.run_tests([(f"{prefix}fuzz {name}, {RUNS.get(name, 0)} runs",
                      lambda folder=folder, name=name: run(folder, name))
                     for prefix, folder in FOLDERS.items() for name in names])
    print(f"info: {len(names)} fuzzers, {len(FOLDERS) * sum(RUNS.values())} runs")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
