#!/usr/bin/env python3
"""docs/testing.md against the tests, and the table of mutants against the sources."""

import os
import re
import subprocess
import sys

import suite  # which goes to the root, where tests/ and tools/ are
from suite import read, test

sys.path.insert(0, "tests")
import mutate  # pylint: disable=wrong-import-position
import run  # pylint: disable=wrong-import-position
import test_attackers  # pylint: disable=wrong-import-position
import test_fuzz  # pylint: disable=wrong-import-position
import test_prove  # pylint: disable=wrong-import-position
import test_stress  # pylint: disable=wrong-import-position

PROMISES_AT_LEAST, MUTANTS_AT_LEAST, FAULTS_AT_LEAST = 40, 90, 5


def rows(text):
    """The cells of each row of the tables in the text, without their heads."""
    found = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in text.split("\n") if line.startswith("| ")]
    return [row for i, row in enumerate(found)
            if not row[0].startswith("---") and
            not (i + 1 < len(found) and found[i + 1][0].startswith("---"))]


PAGE = read(run.DOCUMENT)
GENERATED = {name: PAGE[PAGE.index(f"<!-- {name}: begin"):PAGE.index(f"<!-- {name}: end")]
             for name in ("figures", "mutants")}


# ---------------------------------------------------------------- promises

def promises():
    """Each names tests that exist. A name of a test stands so in its file."""
    part = PAGE[PAGE.index("## What is promised"):PAGE.index("## Figures")]
    files = {}
    for folder in ("tests", "programs/usertest"):
        for path, _, names in os.walk(folder):
            for name in names:
                files.setdefault(name, []).append(os.path.join(path, name))
    wrong, count = [], 0
    for row in rows(part):
        if row[0].startswith("**"):
            continue
        count += 1
        proofs = re.findall(r"`([\w.]+)(?:: ([^`]+))?`", row[1])
        if not proofs:
            wrong.append(f"no test: {row[0]}")
        for file, name in proofs:
            where = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)" if name[-1:].isalnum()
                               else re.escape(name))
            if not any(where.search(read(path)) for path in files.get(file, [])):
                wrong.append(f"{file}: {name}")
    if count < PROMISES_AT_LEAST:
        wrong.append(f"only {count} promises")
    return "; ".join(wrong) or None


# ---------------------------------------------------------------- figures

def documented_figures():
    return {row[0]: int(row[1].replace(",", "")) for row in rows(GENERATED["figures"])}


def kinds():
    """The page has a figure for each kind that is counted, and it is not below what is demanded."""
    page = documented_figures()
    wanted = [what for what, *_ in run.KINDS + run.AMOUNTS]
    if list(page) != wanted:
        return f"the page has {list(page)}, tests/run.py {wanted}"
    low = [what for what, _, _, at_least in run.KINDS if page[what] < at_least]
    return f"below what is demanded: {low}" if low else None


def amounts():
    """What the sources themselves state, the page states as well."""
    page = documented_figures()
    operations = re.search(r"^#define OPERATIONS +(\d+)", read("tests/programs/stress/churn.c"),
                           re.MULTILINE).group(1)
    stated = {
        # Of both kernels together.
        "system calls at random": sum(int(calls) for calls in test_stress.CALLS_WANTED.values()),
        "operations of processes that come and go": len(suite.PROGRAM_KINDS) * int(operations),
        "fuzzers": len(test_fuzz.RUNS),
        "runs of fuzzers": len(test_fuzz.FOLDERS) * sum(test_fuzz.RUNS.values()),
        "faults that proofs must find": len(test_prove.FAULTS),
    }
    wrong = [f"{what}: {page.get(what)}, the sources say {value}" for what, value in stated.items()
             if page.get(what) != value]
    words = [f"{int(test_stress.CALLS_WANTED['i386']):,} system calls", f"{int(operations):,} operations"]
    return "; ".join(wrong + [f"not there: {text}" for text in words if text not in PAGE]) or None


def vanished():
    """Attackers can become more, not fewer, without a word in the page."""
    page = documented_figures()
    lines = [line for line, _, _ in test_attackers.programs() if line]
    files = list(test_attackers.elf_files())
    wrong = [what for what, count in (("attackers beside a witness", len(lines)),
                                      ("files that are hardly ELF", len(files)))
             if page.get(what, 0) > count]
    return f"the page has more: {wrong}" if wrong else None


# ---------------------------------------------------------------- mutants

def plantable():
    """Each fault's old text is in its file once, and another text is to stand there."""
    wrong = [f"{what} ({read(path).count(old)} times)"
             for what, path, old, new, _ in mutate.MUTANTS
             if read(path).count(old) != 1 or old == new]
    if len({what for what, *_ in mutate.MUTANTS}) != len(mutate.MUTANTS):
        wrong.append("two have the same name")
    if len(mutate.MUTANTS) < MUTANTS_AT_LEAST:
        wrong.append(f"only {len(mutate.MUTANTS)} mutants")
    return "; ".join(wrong) or None


def faults_of_proofs():
    """The page lists the faults that test_prove.py plants, in their order."""
    part = PAGE[PAGE.index("## Proof by exhaustion"):PAGE.index("## Fuzzers")]
    listed = [tuple(row) for row in rows(part) if len(row) == 2]
    planted = [fault[:2] for fault in test_prove.FAULTS]
    few = [model for model in test_prove.MODELS
           if sum(fault[0] == model for fault in planted) < FAULTS_AT_LEAST]
    return None if listed == planted and not few else \
        f"differ: {sorted(set(listed) ^ set(planted))}; fewer than {FAULTS_AT_LEAST}: {few}"


def suites_of_mutants():
    """Each suite that is to find a fault exists."""
    wrong = []
    for mutant in mutate.MUTANTS:
        for words in mutate.suites_of(mutant):
            kind, _, name = words.partition(" ")
            kind = kind.removesuffix("64")
            path = {"host": f"tests/host/test_{name}.c",
                    "fuzz": f"tests/fuzz/fuzz_{name}.c",
                    "script": f"tests/system/test_{name}.py", "kernel": "tests/kernel/ktest.c",
                    "usertest": "programs/usertest/usertest.c",
                    "calls": "tests/kernel/test_syscall_fuzz.c",
                    "takeover": "tests/system/test_takeover.py"}.get(kind)
            if not path or not os.path.exists(path) or \
                    (kind == "fuzz" and name not in mutate.FUZZ_RUNS) or \
                    (kind == "takeover" and name not in read(path)):
                wrong.append(f"{words} ({mutant[0]})")
    return "; ".join(wrong) or None


def mutants_table():
    """What the page has is in the table, and was found by one of its suites. There may be newer ones."""
    table = rows(GENERATED["mutants"])
    known = {(mutant[0], re.sub("^src/", "", mutant[1])): mutate.suites_of(mutant)
             for mutant in mutate.MUTANTS}
    wrong = [row for row in table if row[2] not in known.get((row[0], row[1]), [])]
    if wrong:
        return f"unknown, or not found (make mutants; make figures): {wrong}"
    if len(table) < MUTANTS_AT_LEAST or f"\n{len(table)} of {len(table)} " not in GENERATED["mutants"]:
        return f"{len(table)} rows, and the sum is another"
    return None


def main():
    subprocess.run(["make", "-s", "bin/kernel-test.elf"], check=True)
    test("docs/testing.md: each promise has tests that exist", promises())
    test("docs/testing.md has a figure of each kind, and enough of each", kinds())
    test("docs/testing.md: calls, operations and runs are what the sources say", amounts())
    test("docs/testing.md: no attacker has vanished", vanished())
    test("each mutant can be planted", plantable())
    test("docs/testing.md lists the faults that proofs must find", faults_of_proofs())
    test("the suites of each mutant exist", suites_of_mutants())
    test("docs/testing.md: each mutant of its table was found", mutants_table())
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
