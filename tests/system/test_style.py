#!/usr/bin/env python3
"""Format, warnings and the checkers' findings in all sources.

usage: test_style.py [--analyze]

With --analyze (make lint) clang's static analyzer runs as well, and the system layer under newlib
is checked too; that takes a minute of a CPU, so it is no part of make test.

Checkers find more in each version, and clang-format's layout differs between versions. The sources
are clean with the versions below. What another version finds is printed, and is no failure.
"""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import suite
from suite import test

ANALYZE = "--analyze" in sys.argv[1:]
DATABASE = "compile_commands.json"
FOLDERS = ("src", "programs", "tools", "tests")

# tool: (the version that the sources are clean with, Debian's package)
TOOLS = {
    "clang": ("14", "clang"),
    "clang-format": ("14", "clang-format"),
    "clang-tidy": ("14", "clang-tidy"),
    "cppcheck": ("2.10", "cppcheck"),
    "shellcheck": ("0.9", "shellcheck"),
    "pyflakes3": ("2.5", "pyflakes3"),
}


def run(command):
    """(status, output)"""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode("utf-8", "replace")


def run_all(commands):
    """The output of those that failed or were not silent, in order."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(run, commands))
    return "".join(output or f"status {status}\n" for status, output in results
                   if status != 0 or output)


def find(tool):
    """(program, version), the tool's wanted version rather than another."""
    wanted, _ = TOOLS[tool]
    program = shutil.which(f"{tool}-{wanted}") or shutil.which(tool)
    if program is None:
        return None, None
    found = re.search(r"\d+(\.\d+)+", run([program, "--version"])[1])
    return program, found.group(0) if found else "?"


def check(tool, what, findings):
    """findings(program): what the tool says, "" for nothing."""
    wanted, package = TOOLS[tool]
    program, version = find(tool)
    if program is None:
        test(f"{tool}: {what}", f"{tool} is not installed: apt-get install {package}, "
                                "or ./build.sh deps")
        return
    said = findings(program)
    known = version == wanted or version.startswith(wanted + ".")
    if said and not known:
        # A finding of a version that nobody has tried is news, not a fault.
        print(f"info: {tool} is version {version} here and finds something in: {what}. "
              f"With {wanted} they are clean" + (":" if ANALYZE else "; make lint shows it."))
        print(said if ANALYZE else "", end="")
        return
    test(f"{tool}: {what}", f"{tool} {version} says:\n{said}" if said else None)


def sources(*endings, folders=FOLDERS):
    found = []
    for folder in folders:
        for path, _, names in os.walk(folder):
            found += [os.path.join(path, name) for name in names if name.endswith(endings)]
    return sorted(found)


def scripts(interpreter):
    """Files that say in their first line what runs them, wherever they are."""
    found = []
    for path in ["build.sh", ".ci/run"] + sources(""):
        with open(path, "rb") as file:
            first = file.readline()
        if first.startswith(b"#!") and interpreter.encode() in first:
            found.append(path)
    return found


def database(wanted, name):
    """A part of the database, in a file of its own, and its entries."""
    with open(DATABASE, encoding="utf-8") as file:
        entries = [entry for entry in json.load(file) if wanted(entry["file"])]
    os.makedirs("build/style", exist_ok=True)
    path = f"build/style/{name}.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(entries, file)
    return path, entries


def database_is_complete():
    with open(DATABASE, encoding="utf-8") as file:
        known = [entry["file"] for entry in json.load(file)]
    missing = sorted(set(sources(".c")) - set(known))
    twice = sorted({file for file in known if known.count(file) > 1})
    return f"missing: {missing}; twice: {twice}" if missing or twice else None


def needs_newlib(path):
    """Its headers are there after make sdk only."""
    return path.startswith(("programs/newlib/", "tests/newlib/"))


def check_format():
    files = sources(".c", ".h")
    check("clang-format", f"{len(files)} files as .clang-format would have them",
          lambda program: run([program, "--dry-run", "-Werror", *files])[1])


# Columns, at most: of prose in comments; of tables in comments, and of what clang-format does not break.
PROSE_MAX, LINE_MAX = 100, 120
PROSE = re.compile(r"\s*(?:/\*|\*|;)(?: \S+)+$")
SOURCES_OF_TEST = re.compile(r" \* Sources: ")  # one line, for make


def long_lines():
    """Lines that are too long, or None."""
    wrong = []
    for path in sources(".c", ".h", ".asm", ".inc"):
        for number, line in enumerate(suite.read(path).split("\n"), 1):
            is_prose = PROSE.match(line) and not SOURCES_OF_TEST.match(line)
            limit = PROSE_MAX if is_prose else LINE_MAX
            if len(line) > limit:
                wrong.append(f"{path}:{number}: {len(line)} columns, {limit} are allowed")
    return "\n".join(wrong) or None


def check_cppcheck():
    def findings(level, path):
        return lambda program: run([
            program, f"-j{os.cpu_count() or 1}", "--quiet", f"--enable={level}", "--inline-suppr",
            "--suppressions-list=.cppcheck-suppressions", "--template={file}:{line}: {id}: {message}",
            f"--project={path}"])[1]

    path, entries = database(lambda file: not file.startswith("tests/"), "cppcheck-sources")
    check("cppcheck", f"{len(entries)} sources",
          findings("warning,style,performance,portability", path))
    path, entries = database(lambda file: file.startswith("tests/"), "cppcheck-tests")
    check("cppcheck", f"{len(entries)} tests", findings("warning,performance,portability", path))


def check_tidy():
    # Tests: see .clang-tidy.
    _, entries = database(lambda file: not file.startswith("tests/") and
                          (ANALYZE or not needs_newlib(file)), "clang-tidy")
    checks = [] if ANALYZE else ["--checks=-clang-analyzer-*"]

    # A process for each file: several in one confuse the analyzer of version 14 (va_list). How many
    # warnings it did not show is what it says besides.
    def findings(program):
        said = run_all([[program, "--quiet", "-p", ".", *checks, entry["file"]]
                        for entry in entries])
        return re.sub(r"^\d+ warnings? (generated|treated as errors?)\.?\n", "", said,
                      flags=re.MULTILINE)

    check("clang-tidy", f"{len(entries)} sources" + (" and the analyzer" if ANALYZE else ""),
          findings)


def check_clang():
    """The kernel, all its variants, programs and host tests; test_demo boots what clang made."""
    _, entries = database(lambda file: not needs_newlib(file), "clang")
    check("clang", f"{len(entries)} files without a warning", lambda program: run_all(
        [[program, *shlex.split(entry["command"])[1:], "-fsyntax-only"] for entry in entries]))


def check_gcc():
    """What no other test builds."""
    status, output = run(["make", "-s", f"-j{os.cpu_count() or 1}", "bin/bench.bin",
                          "bin/bench-programs.bin", "bench-linux-programs", "build/host/bench_heap"])
    test("gcc: the bench without a warning", output if status != 0 or output else None)


def check_scripts():
    shell = scripts("bash") + scripts("/sh")
    check("shellcheck", f"{len(shell)} scripts", lambda program: run([program, *shell])[1])
    python = sorted(set(sources(".py") + scripts("python3")))
    check("pyflakes3", f"{len(python)} scripts", lambda program: run([program, *python])[1])


def main():
    subprocess.run(["make", "-s", DATABASE], check=True)
    test("compile_commands.json has every C file once", database_is_complete())
    test("no line is too long", long_lines())
    check_format()
    check_cppcheck()
    check_tidy()
    check_clang()
    check_gcc()
    check_scripts()
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
