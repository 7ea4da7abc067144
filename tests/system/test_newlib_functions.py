#!/usr/bin/env python3
"""What the SDK's headers declare, against what links.

Each function that a header of build/sdk/include declares either links, with all that it calls, or is
in docs/programs.md's table of what does not exist yet. All that link are linked in one program. A row of
the table that names a version of newlib counts for those versions alone.
"""

import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import read, test
import guests

# Not for programs to include, or not by themselves.
INNER = re.compile(r"_|machine/|ssp/|rpc/|abi/|sys/(custom_file|_)|regdef\.h")
LINKER = set(re.findall(r"\b(_\w+|end) *=", read("programs/newlib/newlib.ld"))) | \
    {"_start", "main", "_GLOBAL_OFFSET_TABLE_"}
PROTOTYPE = re.compile(r"/\* (\S+?):\d+:\w+ \*/ extern .*?\b(\w+) \(")


def include():
    return suite.arch().path("build/sdk/include")


def compiler(*arguments, **more):
    return subprocess.run(["tools/drupe-cc", "-D_GNU_SOURCE", "-w", "-x", "c", *arguments, "-"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={**os.environ, "DRUPE_ARCH": suite.arch().name}, **more)


def declared(folder):
    """({function: header}, [headers that do not compile])"""
    functions, broken = {}, []
    names = sorted(os.path.relpath(os.path.join(root, name), include())
                   for root, _, files in os.walk(include()) for name in files)
    for header in names:
        if INNER.match(header):
            continue
        listing = os.path.join(folder, "prototypes")
        if compiler("-fsyntax-only", "-aux-info", listing,
                    input=f"#include <{header}>\n").returncode != 0:
            broken.append(header)
            continue
        for line in read(listing).splitlines():
            found = PROTOTYPE.match(line)
            if found and "/sdk/include/" in found.group(1) and found.group(2)[0] != "_":
                functions.setdefault(found.group(2), header)
    return functions, broken


def archives():
    """({symbol: member that defines it}, {member: symbols that it needs})"""
    libgcc = subprocess.run(["gcc", f"-m{suite.arch().bits}", "-print-libgcc-file-name"], stdout=subprocess.PIPE,
                            text=True, check=True).stdout.strip()
    where, needs = {}, {}
    for archive in (*(suite.arch().path(f"build/sdk/lib/lib{name}.a") for name in ("drupe", "c", "m")), libgcc):
        listing = subprocess.run(["nm", "-A", archive], stdout=subprocess.PIPE, text=True,
                                 stderr=subprocess.DEVNULL, check=True).stdout
        for member, kind, symbol in re.findall(r"^(\S+?:\S+?):\s*[0-9a-f]*\s+(\w) (\S+)$", listing,
                                               re.MULTILINE):
            if kind == "U":
                needs.setdefault(member, set()).add(symbol)
            elif kind.isupper():
                where.setdefault(symbol, member)
    return where, needs


def links(function, where, needs):
    seen, waiting = set(), [function]
    while waiting:
        symbol = waiting.pop()
        if symbol in seen or symbol in LINKER:
            continue
        seen.add(symbol)
        if symbol not in where:
            return False
        waiting += needs.get(where[symbol], ())
    return True


def numbers(version):
    return [int(number) for number in version.split(".")]


def documented(version):
    """The functions and the headers in docs/programs.md's table, of this version of newlib."""
    text = read("docs/programs.md").split("## What does not exist yet")[1].split("\n## ")[0]
    words = []
    for what, cell in re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE)[1:]:
        found = re.search(r"\b(before|since) newlib (\d[\d.]*)", what)
        if not found or (numbers(version) < numbers(found[2])) == (found[1] == "before"):
            words += re.findall(r"`([^`]+)`", cell)
    return ({word for word in words if word[0] != "<"},
            {word[1:-1] for word in words if word[0] == "<"}, words)


def declared_and_linked():
    guests.make("sdk")
    with tempfile.TemporaryDirectory() as folder:
        functions, broken = declared(folder)
        where, needs = archives()
        good = sorted(name for name in functions if links(name, where, needs))
        bad = set(functions) - set(good)
        version = re.search(r'_NEWLIB_VERSION "([\d.]+)"', read(include() + "/_newlib_version.h"))[1]
        print(f"info: newlib {version}")
        names, headers, words = documented(version)
        test("there are many functions", None if len(good) > 770 else len(good))
        test("what does not link is in docs/programs.md",
             f"missing: {sorted(bad - names)}" if bad - names else None)
        test("what docs/programs.md says not to exist does not link",
             f"it does: {sorted(names - bad)}" if names - bad else None)
        test("nothing is there twice",
             None if len(words) == len(set(words)) else sorted(w for w in words if words.count(w) > 1))
        test("every header compiles by itself, or is in docs/programs.md",
             f"not: {sorted(set(broken) - headers)}" if set(broken) - headers else None)
        for header in sorted(headers):
            result = compiler("-fsyntax-only", input=f"#include <{header}>\n")
            test(f"<{header}> does not exist", None if result.returncode else "it compiles")
        source = "".join(f"extern char {name}[];\n" for name in good) + \
            "char *volatile all[] = {" + ", ".join(good) + "};\nint main(void) { return !all[0]; }\n"
        result = compiler("-fno-builtin", "-o", os.path.join(folder, "all.elf"), input=source)
        test("all others link, in one program", result.stdout[-600:] if result.returncode else None)


def main():
    suite.for_each_arch(declared_and_linked)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
