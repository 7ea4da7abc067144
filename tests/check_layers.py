#!/usr/bin/env python3
"""tests/check_layers.py - which file may include which. Prints "name ... ok" lines.

Each folder under src/ has a layer; a file includes its own layer or a lower one. A source and its header
are one place (x.c and x.h); to it belongs a header without a source of its own that no other place includes, and
to a header of the architecture's contract the half of it that the architecture writes (the header includes that
at its end): between places there is no circle. What else holds is said beside each check. In the end each
check is shown files that it must refuse.

usage: tests/check_layers.py
"""

import glob
import os
import re
import sys

os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

LAYERS = [  # (a path's beginning, layer); the first that fits
    (r"src/(config\.h|layout\.h|base/|abi/|arch/\w+/layout_arch\.h)", 0),
    (r"src/arch/(\w+/)?\w+\.h$", 1),
    (r"src/(arch|lib|debug)/", 2),
    (r"src/memory/", 3),
    (r"src/task/", 4),
    (r"src/device/", 5),
    (r"src/drivers/", 6),
    (r"src/fs/", 7),
    (r"src/process/", 8),
    (r"src/syscall/", 9),
    (r"src/kernel/", 10),
]
CONTRACT = r"src/arch/\w+\.h"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]*)"', re.MULTILINE)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:el)?if(?:n?def)?\b.*$", re.MULTILINE)
ARCHITECTURE = re.compile(r"ARCH_BITS|__x86_64__|__i386__|__LP64__|_LP64|__SIZEOF_POINTER__")


def layer(path):
    """None for one that has no layer yet."""
    return next((number for start, number in LAYERS if re.match(start, path)), None)


def read_tree():
    """{path: text} of all that is checked."""
    tree = {}
    for root in ("src", "programs"):
        for path in glob.glob(f"{root}/**/*", recursive=True):
            if path.endswith((".c", ".h", ".def")):
                with open(path, encoding="utf-8") as file:
                    tree[path] = file.read()
    return tree


def resolve(tree, path, name):
    """The file that an include means: of its own folder, of src/, or of a C library; None: there is none."""
    places = [os.path.dirname(path), "src"]
    if path.startswith("programs/newlib/"):
        places.append("programs/newlib/include")
    elif path.startswith("programs/"):
        places.append("programs/libc/include")
    candidates = [os.path.normpath(os.path.join(place, name)) for place in places]
    return next((candidate for candidate in candidates if candidate in tree), None)


def includes(tree):
    """[(path, what it includes as written, the file that this is or None)]"""
    return [(path, name, resolve(tree, path, name))
            for path in sorted(tree) for name in INCLUDE.findall(tree[path])]


# ------------------------------------------------------------------ the checks: each gives what is wrong

def points_down(tree):
    """A file includes its own layer or a lower one."""
    wrong = [f"{path} has no layer" for path in sorted(tree)
             if path.startswith("src/") and layer(path) is None]
    for path, name, other in includes(tree):
        if other is None:
            wrong.append(f'{path} includes "{name}", which does not exist')
        elif path.startswith("src/") and (layer(other) or 0) > (layer(path) or 0):
            wrong.append(f'{path} includes "{name}", a higher layer')
    return wrong


def no_circles(tree):
    """From no place its own includes lead back to it."""
    place = {path: re.sub(r"\.(c|h|def)$", "", path) for path in tree}
    found = includes(tree)
    users = {}
    for path, _, other in found:
        users.setdefault(other, set()).add(place[path])
        if other and re.fullmatch(CONTRACT, path) and re.match(r"src/arch/\w+/", other):
            place[other] = place[path]  # the contract's other half
    for path in tree:
        if len(users.get(path, ())) == 1 and place[path] + ".c" not in tree and path.endswith(".h"):
            place[path] = users[path].copy().pop()
    arrows = {}
    for path, _, other in found:
        if other and place[path] != place[other]:
            arrows.setdefault(place[path], set()).add(place[other])
    wrong, done = [], set()

    def walk(at, way):
        if at in way:
            circle = way[way.index(at):]
            if set(circle) not in [set(known) for known in wrong]:
                wrong.append(circle)
        elif at not in done:
            for follower in sorted(arrows.get(at, ())):
                walk(follower, way + [at])
            done.add(at)
    for at in sorted(arrows):
        walk(at, [])
    return ["a circle: " + " -> ".join(circle + circle[:1]) for circle in wrong]


def architecture_is_hidden(tree):
    """The folders of an architecture are for src/arch/ and drivers; other files include src/arch/*.h."""
    return [f'{path} includes "{name}", an architecture\'s own' for path, name, other in includes(tree)
            if other and re.match(r"src/arch/\w+/", other)
            and not re.match(r"src/(arch|drivers)/", path)
            and not (path == "src/layout.h" and other.endswith("/layout_arch.h"))]


def no_conditions(tree):
    """Only src/arch/, layout.h and types.h ask for which architecture they are compiled."""
    return [f"{path} asks for the architecture: {line.strip()}" for path in sorted(tree)
            if not re.match(r"src/(arch/|layout\.h|base/types\.h)", path)
            for line in CONDITION.findall(tree[path]) if ARCHITECTURE.search(line)]


def heap_is_alone(tree):
    """The heap includes neither paging nor the architecture: it compiles on any host."""
    return [f'{path} includes "{name}"' for path, name, other in includes(tree)
            if other and path.startswith("src/memory/heap/")
            and re.match(r"src/(memory/paging|arch)/", other)]


def seeds_are_apart(tree):
    """The five documents' names are for src/memory/seeds/ alone, and of their headers a file includes one."""
    wrong, document = [], {}
    shared = ("src/memory/seeds/seeds.h", "src/memory/seeds/heap_steps.h")
    for path, name, other in includes(tree):
        if not other or not other.startswith("src/memory/seeds/") or other == shared[0]:
            continue
        if not path.startswith("src/memory/seeds/"):
            wrong.append(f'{path} includes "{name}"')
        elif other != shared[1] and document.setdefault(path, other) != other:
            wrong.append(f"{path} includes {document[path]} and {other}")
    return wrong


def kernel_is_last(tree):
    """Nothing outside src/kernel/ includes it."""
    return [f'{path} includes "{name}"' for path, name, other in includes(tree)
            if other and other.startswith("src/kernel/") and not path.startswith("src/kernel/")]


def programs_keep_out(tree):
    """Programs include of the kernel what it shares with them, and nothing else."""
    allowed = r"src/(abi/|lib/|layout\.h|base/(status|types)\.h|arch/\w+/layout_arch\.h)"
    return [f'{path} includes "{name}"' for path, name, other in includes(tree)
            if path.startswith("programs/") and other and other.startswith("src/")
            and not re.match(allowed, other)]


# (name, check, what the check must refuse: files that are added to the tree, or changed in it)
CHECKS = [
    ("every include points down", points_down, [
        {"src/memory/planted.c": '#include "process/process.h"\n'},
        {"src/lib/planted.h": '#include "debug/printk.h"\n#include "memory/pmm.h"\n'},
        {"src/arch/planted.h": '#include "debug/printk.h"\n'},
        {"src/task/planted.c": '  #  include "drivers/serial.h"\n'},
        {"src/memory/planted.c": '#include "planted.h"\n'},
        {"src/unknown/planted.c": "\n"},
    ]),
    ("no circle, by file", no_circles, [
        {"src/task/one.h": '#include "task/two.h"\n', "src/task/one.c": '#include "task/one.h"\n',
         "src/task/two.c": '#include "task/one.h"\n', "src/task/two.h": ""},
        {"src/fs/one.c": '#include "two.h"\n', "src/fs/two.h": '#include "fs/three.h"\n',
         "src/fs/three.c": '#include "fs/one.h"\n', "src/fs/three.h": "", "src/fs/one.h": ""},
        {"programs/mem/one.c": '#include "two.h"\n', "programs/mem/two.h": "",
         "programs/mem/two.c": '#include "one.h"\n', "programs/mem/one.h": ""},
    ]),
    ("an architecture's folder is its own", architecture_is_hidden, [
        {"src/task/planted.c": '#include "arch/x86/cpu.h"\n'},
        {"src/process/planted.h": '#include "arch/i386/trap_frame.h"\n'},
    ]),
    ("nobody else asks for the architecture", no_conditions, [
        {"src/memory/planted.c": "#if ARCH_BITS == 64\n#endif\n"},
        {"programs/mem/planted.c": "#ifdef __x86_64__\n#endif\n"},
    ]),
    ("the heap knows neither paging nor the architecture", heap_is_alone, [
        {"src/memory/heap/planted.c": '#include "memory/paging/paging.h"\n'},
        {"src/memory/heap/planted.c": '#include "arch/cpu.h"\n'},
    ]),
    ("the five documents' names stay apart", seeds_are_apart, [
        {"src/memory/planted.c": '#include "memory/seeds/mio.h"\n'},
        {"src/memory/seeds/planted.c": '#include "memory/seeds/mio.h"\n#include "vana.h"\n'},
    ]),
    ("nothing includes the kernel's main folder", kernel_is_last, [
        {"src/kernel.h": "", "src/syscall/planted.c": '#include "kernel/kernel.h"\n'},
    ]),
    ("programs include of the kernel what is theirs", programs_keep_out, [
        {"programs/mem/planted.c": '#include "memory/pmm.h"\n'},
    ]),
]


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    tree = read_tree()
    failures = 0 if len(tree) > 100 else 1
    print(f"layers: sources found ... {'FAIL: ' + str(len(tree)) if failures else 'ok'}")
    for name, check, planted in CHECKS:
        wrong = check(tree)
        missed = [files for files in planted if not set(check({**tree, **files})) - set(wrong)]
        why = "; ".join(wrong) or (f"it finds nothing wrong with {missed}" if missed else "")
        print(f"layers: {name} ... " + (f"FAIL: {why}" if why else "ok"))
        failures += bool(why)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
