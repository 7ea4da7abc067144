#!/usr/bin/env python3
"""Both kernels boot and run a program to its end: the quickest answer to whether a change is sane (make check)."""

import sys

import suite


def hello():
    suite.make("bin/hello.bin")
    status, console = suite.boot(suite.image("hello.bin"), seconds=60)
    is_right = status == 0 and "\nHello from init.elf.\n" in console and \
        console.endswith("init exited with status 0\n")
    suite.test("hello", None if is_right else f"status {status}:\n{console}")


def main():
    suite.for_each_arch(hello)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
