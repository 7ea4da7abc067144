#!/usr/bin/env python3
"""What the person at the keyboard can still do while a program wants all of the machine.

Each attack is a line typed into the shell; the test kernel types it, lets it run, then types `ps` and
`kill -f PID`, or ctrl-C and ctrl-\\, and measures what that takes (tests/kernel/test_takeover.c). An
instruction takes 8 ns here (-icount), so the figures are the same on any machine: that of a CPU with
125 million instructions per second.

usage: test_takeover.py [PART OF AN ATTACK'S NAME ...]
       test_takeover.py --table       the rows of docs/testing.md's table
"""

import concurrent.futures
import os
import re
import sys
import tempfile

import suite

SHIFT = 3
NS_AN_INSTRUCTION = 1 << SHIFT
FILES = ["spinners", "deaf", "bomb", "bomb6", "hydra", "hog", "openall", "zombies", "endall", "flood",
         "tracing", "large", "holes", "readers", "seeding", "copies", "nobodys", "again", "shared", "shown",
         "filework"]
KEY_US = 50_000          # what a key may take that is typed into the shell
COMMAND_US = 2_000_000   # ps or kill, with all of their keys
QUIT_US = 200_000        # from ctrl-\\ to the prompt
CLEAN_US = 20_000_000    # until everything that the attack had is back
OFF_INSTRUCTIONS = 200_000
DOCUMENT = "docs/testing.md"

# (name, line, MiB of memory, milliseconds to run, processes at least)
ATTACKS = [
    ("a spinner in front that catches ctrl-C", "deaf", 128, 500, 2),
    ("a spinner in the background", "deaf &", 128, 500, 2),
    ("200 spinners in one job", "spinners &", 128, 1500, 202),
    ("200 spinners in front that catch ctrl-C", "spinners", 128, 1500, 202),
    ("a fork bomb", "bomb &", 128, 4000, 300),
    ("a fork bomb in front", "bomb", 128, 4000, 300),
    ("a fork bomb of orphans", "bomb6 &", 128, 4000, 300),
    ("children that end before they can be killed", "hydra &", 128, 1000, 3),
    ("a fork bomb of copies on write", "copies &", 128, 4000, 300),
    ("a fork bomb of copies on write in front", "copies", 128, 4000, 300),
    ("a fork bomb that executes itself without end", "again &", 128, 4000, 300),
    ("forks without end while memory is full", "copies 0 &", 128, 3000, 2),
    ("forks without end while memory is full, on a small machine", "copies 0 &", 20, 2000, 2),
    ("areas of every other page, of all addresses", "nobodys &", 128, 8000, 2),
    ("shared memory that nobody has any more", "shared &", 128, 3000, 2),
    ("pages that very many show while memory is full", "shown &", 128, 6000, 10),
    ("a memory hog", "hog &", 128, 3000, 2),
    ("a memory hog in front", "hog", 128, 3000, 2),
    ("a memory hog on a small machine", "hog &", 20, 2000, 2),
    ("a fork bomb on a small machine", "bomb &", 20, 2000, 5),
    ("a file hog", "openall &", 128, 4000, 50),
    ("a read in each of its processes", "readers &", 128, 12000, 300),
    ("files made, moved and removed without end", "filework memory &", 128, 8000, 3),
    ("children that nobody waits for", "zombies &", 128, 4000, 300),
    ("children that end together in two jobs", "endall &;endall &", 48, 4000, 200),
    ("output without end", "flood &", 128, 500, 2),
    ("output without end, in front", "flood", 128, 500, 2),
    ("ten spinners in ten jobs", ";".join(["deaf &"] * 10), 128, 500, 11),
    ("two of each", "bomb &;hog &;openall &;zombies &;bomb &;hog &;flood &;openall &", 128, 4000, 200),
    ("two of each on a small machine", "hog &;bomb &;hog &;bomb &;openall &", 32, 3000, 8),
    ("the trace turned on for all", "tracing", 128, 200, 2),
    ("the trace, from the background", "tracing &", 128, 200, 2),
    ("700 MiB taken and given back", "large &", 1024, 3000, 2),
    ("a heap full of holes", "holes &", 1024, 8000, 2),
    ("the five documents' examples without end", "seeding &", 128, 1000, 2),
    ("the same twice, and no memory", "seeding &;hog &;seeding &", 20, 2000, 4),
]


def make_image(folder):
    image = os.path.join(folder, "takeover.bin")
    files = [f"bin/programs/attackers/{name}.elf={name}.elf" for name in FILES]
    why = suite.make_image(image, "--init", "bin/programs/shell.elf",
                           *(word for file in [*files, "bin/programs/ps.elf"] for word in ("--file", file)),
                           is_test_kernel=True)
    if why:
        raise SystemExit(why)
    return image


def run(image, attack):
    """The figures, or a sentence."""
    _, line, memory, milliseconds, _ = attack
    status, console = suite.boot(
        image, "-m", str(memory), "-icount", f"shift={SHIFT},sleep=off",
        "-fw_cfg", "name=opt/drupe/test,string=takeover",
        "-fw_cfg", f"name=opt/drupe/attack,string={line}",
        "-fw_cfg", f"name=opt/drupe/run,string={milliseconds}", seconds=600)
    found = re.search(r"^info: takeover: key (\d+) ps (\d+) kill (\d+) quit (\d+) clean (\d+) us, "
                      r"interrupts off (\d+) ns, (\d+) processes, ps printed (\d+)$", console,
                      re.MULTILINE)
    if status != 0 or not found:
        return f"status {status}: ...{console[-1500:]!r}"
    names = ("key", "ps", "kill", "quit", "clean", "off", "processes", "printed")
    figures = dict(zip(names, map(int, found.groups())))
    figures["off"] //= NS_AN_INSTRUCTION
    return figures


def why_not(attack, figures):
    """What is not as promised, or None."""
    name, line, _, _, processes = attack
    if isinstance(figures, str):
        return figures
    limits = [("off", OFF_INSTRUCTIONS), ("clean", CLEAN_US)]
    limits += [("key", KEY_US), ("ps", COMMAND_US), ("kill", COMMAND_US)] if line.endswith("&") else \
        [("quit", QUIT_US)]
    for what, limit in limits:
        if not 0 < figures[what] <= limit:
            return f"{what} is {figures[what]}, the limit {limit}: {figures}"
    if line.endswith("&") and figures["printed"] < 100:
        return f"ps printed {figures['printed']} bytes"
    if figures["processes"] < processes:
        return f"only {figures['processes']} processes: {name} was no attack"
    return None


def row(attack, figures):
    name, line, memory, _, _ = attack
    ms = {what: f"{figures[what] / 1000:.1f} ms" for what in ("key", "ps", "kill", "quit", "clean")}
    does = f"a key {ms['key']}, `ps` {ms['ps']}, `kill -f` {ms['kill']}" if line.endswith("&") else \
        f"ctrl-\\\\: the prompt after {ms['quit']}"
    return f"| {name} | {memory} MiB | {does} | {ms['clean']} | {figures['off']:,} |"


def all_attacks():
    wanted = [word for word in sys.argv[1:] if word != "--table"]
    chosen = [attack for attack in ATTACKS
              if not wanted or any(word in attack[0] for word in wanted)]
    suite.make("bin/test.bin", "attackers", "bin/programs/shell.elf", "bin/programs/ps.elf")
    document = suite.read(DOCUMENT)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        image = make_image(folder)
        for attack, figures in zip(chosen, pool.map(lambda attack: run(image, attack), chosen)):
            report(attack, figures, document)


def report(attack, figures, document):
    """As soon as the attack is over."""
    if "--table" in sys.argv and isinstance(figures, dict):
        print(row(attack, figures), flush=True)
        return
    suite.test(f"takeover: {attack[0]}", why_not(attack, figures))
    if isinstance(figures, dict):
        print(f"info: {attack[0]}: {figures}", flush=True)
    if suite.arch() is suite.I386:
        suite.test(f"takeover: {attack[0]} is in {DOCUMENT}",
                   None if f"| {attack[0]} | {attack[2]} MiB |" in document else
                   "it has no row there")


def main():
    suite.for_each_arch(all_attacks, [suite.I386] if "--table" in sys.argv else suite.ARCHS)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
