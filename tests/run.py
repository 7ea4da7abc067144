#!/usr/bin/env python3
"""Runs every test and counts.

A suite is a program that prints a line `NAME ... ok` or `NAME ... FAIL: why` for each test; cmocka's
own lines count as well. A suite that ends with an error, with no test, or not at all is a failure
of its own, and so is a skipped test. When all suites run, so is a kind of which there are fewer tests
than KINDS says. The last line is `N passed, N failed`.

What a whole run has counted is kept in build/figures.json; --figures puts that, and what the last
`make mutants` kept, into the tables of docs/testing.md.

usage: tests/run.py [PART OF A SUITE'S NAME ...]     run only those
       tests/run.py --check                          (make check) in two minutes: is a change sane?
       tests/run.py --all [PART ...]                 (make check-all) what is too long for every run as well
       tests/run.py --figures                        (make figures)
"""

import concurrent.futures
import glob
import io
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITE_SECONDS = 1800  # detects hangs only
MACHINE_SECONDS = 600  # the same, for each start of an emulator
LAST_LINES = 400     # of a suite that failed, besides its failures

# Each keeps one CPU busy for a minute or more: in a run of all suites they go beside the others. What
# they need is built before, so that no two of make work in one folder.
LONG = {"system/test_attackers": ["attackers", "bin/programs/usertest.elf"],
        "system/test_stress": ["bin/syscall-fuzz.bin", "bin/programs/tests/churn.elf"]}
# The same for the x86_64 kernel.
LONG_64 = {"system/test_attackers": ["attackers", "bin/x86_64/programs/usertest.elf"],
           "system/test_stress": ["bin/x86_64/syscall-fuzz.bin", "bin/x86_64/programs/tests/churn.elf"]}

# What make check runs, and of the host's tests what it leaves out: each of these takes seconds.
CHECK = r"layers$|host(?:64)?/|kernel|system/test_hello$"
CHECK_WITHOUT = r"host(?:64)?/test_(?:heap_model|kmem_cache|pmm|bios_disk|ata|heap)$"

DOCUMENT, PAGE_SUITE = "docs/testing.md", "system/test_testing"
FIGURES, MUTANTS = "build/figures.json", "build/mutants.json"

# (what, suites, the line of such a test, at least so many): tests that vanish are noticed.
KINDS = [
    ("tests", r"", r"", 2600),
    ("of modules, on the host", r"host/", r"", 500),
    ("the same, built for 64 bits", r"host64/", r"", 400),
    ("in the kernel", r"kernel$", r"", 80),
    ("of these, of memory", r"kernel$", r"(kheap|pmm|kmem|paging|process_(malloc|free|memory)|break|"
     r"usercopy|failing_every_allocation)_", 60),
    ("in the x86_64 kernel", r"kernel x86_64$", r"", 100),
    ("by usertest, on each CPU", r"system/test_usertests$", r"qemu32: (?!cpu_)", 170),
    ("by usertest, of 32 bits, on each CPU of the x86_64 kernel", r"system/test_usertests$",
     r"x86_64: qemu64: (?!cpu_)", 170),
    ("the same, of 64 bits", r"system/test_usertests$", r"x86_64: ELF64: qemu64: ", 185),
    ("programs as init", r"system/test_programs$", r"program ", 25),
    ("attackers beside a witness", r"system/test_attackers$", r"attacker (?!\w+:)", 20),
    ("of usertest's, as attackers beside a witness", r"system/test_attackers$", r"attacker usertest:", 75),
    ("files that are hardly ELF", r"system/test_attackers$", r"attacker elf:", 300),
    ("the last four kinds, on the x86_64 kernel", r"system/test_(programs|attackers)$", r"x86_64: ", 900),
    ("of these, by 64-bit programs", r"system/test_(programs|attackers)$", r"x86_64: ELF64: ", 500),
    ("of whole machines, and others", r"(?!host(?:64)?/|kernel|system/test_(usertests|programs|attackers)$)",
     r"", 800),
]
# (what, suite, in the suite's output): what matches is added up.
AMOUNTS = [
    ("system calls at random", r"system/test_stress$", r"stress: (\d+) system calls.* ok"),
    ("operations of processes that come and go", r"system/test_stress$", r"info: (\d+) operations"),
    ("fuzzers", r"system/test_fuzz$", r"info: (\d+) fuzzers"),
    ("runs of fuzzers", r"system/test_fuzz$", r"info: \d+ fuzzers, (\d+) runs"),
    ("states proved, each with every call", r"system/test_prove$", r"info: .*: (\d+) states"),
    ("calls in them", r"system/test_prove$", r"info: .* states, (\d+) calls"),
    ("faults that proofs must find", r"system/test_prove$", r"info: (\d+) planted faults"),
    ("allocations and disk reads, each failed in turn", r"kernel$", r"info: (\d+) .* in turn"),
]

OK = re.compile(r"^(?:\S.* \.\.\. ok\b|\[ +OK +\] )")
FAILED = re.compile(r"^(?:\S.* \.\.\. FAIL|\[  FAILED  \] (?!tests: |\d+ test))")
SKIPPED = re.compile(r"^(?:\S.* \.\.\. skip|\[  SKIPPED \] \D)", re.IGNORECASE)


def host_tests_64():
    """The names of the host tests that are built for 64 bits, too: the Makefile knows."""
    return subprocess.run(["make", "-s", "--no-print-directory", "list-host-tests-64"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def suites():
    """(name, command) in the order in which they run: quick ones first."""
    yield "layers", [sys.executable, "tests/check_layers.py"]
    for source in sorted(glob.glob("tests/host/test_*.c")):
        name = os.path.basename(source)[:-2]
        yield "host/" + name, ["build/host/" + name]
    for name in host_tests_64():
        yield "host64/" + name, ["build/host64/" + name]
    yield "kernel", ["tests/run_qemu.sh", "bin/test.bin"]
    yield "kernel x86_64", ["tests/run_qemu.sh", "bin/x86_64/test.bin"]
    if os.environ.get("CHECK_ALL") == "1":
        for machine in (["-cpu", "max"], ["-m", "20"], ["-m", "6G"]):
            name = " ".join(machine)
            yield f"kernel, {name}", ["tests/run_qemu.sh", "bin/test.bin", *machine]
            yield f"kernel x86_64, {name}", ["tests/run_qemu.sh", "bin/x86_64/test.bin", *machine]
    for script in sorted(glob.glob("tests/system/test_*.py")):
        yield "system/" + os.path.basename(script)[:-3], [sys.executable, script]


def build(targets, targets_64):
    print("building ...", flush=True)
    build_one("i386", "all", "host-tests", "bin/hello.bin", "bin/test.bin", *targets)
    build_one("x86_64", "all", "bin/x86_64/hello.bin", "bin/x86_64/test.bin", *targets_64)


def build_one(arch, *targets):
    jobs = f"-j{os.cpu_count() or 1}"
    result = subprocess.run(["make", "--no-print-directory", jobs, f"ARCH={arch}", *targets],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # A compiler that is newer than the tree may warn; with WERROR=1 (CI, make lint) that is a failure.
    if "warning:" in result.stdout and result.returncode == 0:
        print("info: warnings:", *re.findall(r".*warning:.*", result.stdout), sep="\n")
    if result.returncode != 0:
        print(result.stdout)
        print("build ... FAIL: make ended with status", result.returncode)
        print("0 passed, 1 failed")
        sys.exit(1)


def run(name, command, out=sys.stdout):
    """Returns (name, lines of tests that passed, how many failed, output) and prints the failures."""
    print(f"--- {name}", file=out, flush=True)
    start = time.monotonic()
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=SUITE_SECONDS)
        output, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as error:
        output, status = error.stdout or b"", f"none: stopped after {SUITE_SECONDS} s"
    lines = output.decode("utf-8", "replace").replace("\r", "").split("\n")
    passed = [line for line in lines if OK.match(line)]
    # cmocka repeats its failures in a summary: each line counts once.
    failed = len({line for line in lines if FAILED.match(line) or SKIPPED.match(line)})
    if status != 0 and failed == 0:
        print(f"{name} ... FAIL: it ended with status {status}", file=out)
        failed += 1
    if len(passed) + failed == 0:
        print(f"{name} ... FAIL: it ran no test", file=out)
        failed += 1
    told = [line for line in lines if line.startswith("info:")]
    if failed:
        early = lines[:-LAST_LINES]
        told = [line for line in early if FAILED.match(line) or SKIPPED.match(line)]
        told += lines[-LAST_LINES:]
    print(*told, f"    {len(passed)} passed, {failed} failed, {time.monotonic() - start:.1f} s",
          sep="\n", file=out, flush=True)
    return name, passed, failed, "\n".join(lines)


def run_beside(name, command):
    """The same, and what was printed."""
    with io.StringIO() as out:
        return run(name, command, out), out.getvalue()


def run_all(chosen):
    """The results of all suites, those of LONG last."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        beside = [pool.submit(run_beside, *suite) for suite in chosen if suite[0] in LONG]
        results = [run(*suite) for suite in chosen if suite[0] not in LONG]
        for future in beside:
            result, printed = future.result()
            print(printed, end="", flush=True)
            results.append(result)
    return results


def repeat_failures(results):
    """Whoever sees only the end of a long run's output sees what failed, too."""
    for name, _, failed, output in results:
        if failed:
            lines = [line for line in dict.fromkeys(output.split("\n"))
                     if FAILED.match(line) or SKIPPED.match(line)]
            print(f"failed in {name}:", *(lines or ["see above"]), sep="\n    ")


def figures(results):
    """[(what, how many)] of a whole run; what KINDS has comes first."""
    rows = [(what, sum(bool(re.match(test, line)) for name, passed, _, _ in results
                       if re.match(suites_of_kind, name) for line in passed))
            for what, suites_of_kind, test, _ in KINDS]
    return rows + [(what, sum(int(number) for name, _, _, output in results
                              if re.match(suite, name) for number in re.findall(amount, output)))
                   for what, suite, amount in AMOUNTS]


def check_whole_run(results):
    """The failures of a run of all suites that no suite can see."""
    counted = figures(results)
    failed = 0
    for (what, _, _, at_least), (_, count) in zip(KINDS, counted):
        if count < at_least:
            print(f"counted: {what} ... FAIL: {count}, fewer than {at_least}: some did not run")
            failed += 1
    for what, count in counted[len(KINDS):]:
        if count == 0:
            print(f"counted: {what} ... FAIL: no suite reported any")
            failed += 1
    # The page may be behind: that is what the figures are for.
    if failed == 0 and not any(result[2] for result in results if result[0] != PAGE_SUITE):
        with open(FIGURES, "w", encoding="ascii") as file:
            json.dump({"date": time.strftime("%Y-%m-%d"), "rows": counted}, file)
    return failed


# ---------------------------------------------------------------- docs/testing.md

def between(text, name, new):
    """The text, with new between its marks of that name."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    head, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise SystemExit(f"{DOCUMENT} has no marks {name}")
    return head + begin + new + end + rest.partition(end)[2]


def write_figures():
    """What build/ has of them; the others stay as they are."""
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    if os.path.exists(FIGURES):
        with open(FIGURES, encoding="ascii") as file:
            made = json.load(file)
        rows = "".join(f"| {what} | {count:,} |\n" for what, count in made["rows"])
        text = between(text, "figures",
                       f"| `make test` on {made['date']} | |\n| --- | ---: |\n{rows}")
    if os.path.exists(MUTANTS):
        with open(MUTANTS, encoding="ascii") as file:
            made = json.load(file)
        rows = "".join(f"| {what} | {path} | {suite} |\n" for what, path, suite in made["rows"])
        text = between(text, "mutants",
                       f"{made['killed']} of {len(made['rows'])} mutants killed on {made['date']}.\n\n"
                       f"| fault | file below `src/` | found by |\n| --- | --- | --- |\n{rows}")
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)
    for path in (FIGURES, MUTANTS):
        print(f"{path}: {'put into ' + DOCUMENT if os.path.exists(path) else 'not there'}")
    return 0


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    os.chdir(ROOT)
    if sys.argv[1:] == ["--figures"]:
        return write_figures()
    os.environ.setdefault("TIMEOUT_S", str(MACHINE_SECONDS))
    wanted = sys.argv[1:]
    if wanted[:1] == ["--all"]:
        os.environ["CHECK_ALL"] = "1"
        wanted = wanted[1:]
    start = time.monotonic()
    chosen = [suite for suite in suites() if not wanted or any(part in suite[0] for part in wanted)]
    if wanted == ["--check"]:
        chosen = [suite for suite in suites()
                  if re.match(CHECK, suite[0]) and not re.match(CHECK_WITHOUT, suite[0])]
    if not chosen:
        print("no suite has such a name")
        print("0 passed, 1 failed")
        return 1
    build([target for name, _ in chosen for target in LONG.get(name, [])],
          [target for name, _ in chosen for target in LONG_64.get(name, [])])
    results = run_all(chosen)
    passed = sum(len(result[1]) for result in results)
    failed = sum(result[2] for result in results)
    if not wanted:
        failed += check_whole_run(results)
    repeat_failures(results)
    print(f"{time.monotonic() - start:.0f} s on {os.cpu_count()} cores")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
