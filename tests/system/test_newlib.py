#!/usr/bin/env python3
"""The SDK: programs with newlib, built by make program and by drupe-cc, on Drupe, for each word size."""

import os
import re
import subprocess
import sys
import tempfile
import time

import suite
from suite import test
from machine import Machine, wait_for
import guests
from guests import GUESTS, check, equal

HELLO_BYTES_MAX = {"i386": 30 * 1000, "x86_64": 32 * 1000}

ENDS = [
    ("return", 7, r"not ended by a line breakatexit ran\ndestructor ran\n"),
    ("exit", -1, r"not ended by a line breakdestructor ran\n"),
    ("_exit", 9, r""),
    ("abort", 134, r"not ended by a line break\n"),
    ("assert", 134, r'not ended by a line break\nassertion "argc == 1000" failed: file '
                    r'tests/newlib/ends\.c, line \d+, function main\n'),
    ("raise", 143, r"not ended by a line break\nsignal 15\n"),
    ("deep", 0, r"not ended by a line break\ndestructor ran\n"),
    ("deeper", 142, r"not ended by a line break\nends\.elf \(process \d+\) killed: wrote to address "
                    r"\w*[bf]fef....: the guard\s+page\s+below\s+the\s+stack:\s+the\s+stack\s+is\s+full; .*\n"),
]


def build():
    """make sdk does nothing the second time."""
    guests.make("guests")
    library_file = suite.arch().path("build/sdk/lib/libc.a")
    start = time.monotonic()
    stamp = os.stat(library_file).st_mtime_ns
    guests.make("sdk")
    test("a second make sdk builds nothing", None
         if os.stat(library_file).st_mtime_ns == stamp else
         f"libc.a is new, after {time.monotonic() - start:.1f} s")
    size = os.path.getsize(guests.native(GUESTS + "/hello.elf"))
    test("hello with printf is small", None if size <= HELLO_BYTES_MAX[suite.arch().name] else f"{size} bytes")


def tests_of(ran, line, program, count):
    """A program of tests/newlib/check.h, its tests one by one; what it said."""
    check(ran, line, 0)
    output = ran[line].output if line in ran else ""
    results = re.findall(rf"^({program}: .*?) \.\.\. (ok|FAIL)$", output, re.MULTILINE)
    for name, result in results:
        test(name, None if result == "ok" else output)
    test(f"{program}: all tests ran", None if len(results) == count else output)
    return output


def library(folder):
    data, inner = os.path.join(folder, "data.txt"), os.path.join(folder, "in.txt")
    with open(data, "w", encoding="ascii") as file:
        file.write("0123456789\n")
    with open(inner, "w", encoding="ascii") as file:
        file.write("inside\n")
    libc = 'libc.elf "two words" "" -x'
    alone = ["float.elf 0.1", "float.elf 0.2"]
    together = " & ".join(alone)
    threads = " & ".join(f"tls.elf {i}" for i in range(1, 5))
    ran = guests.run(folder, ["hello.elf", libc, *alone,
                              "posix.elf", "users.elf", together, "tls.elf 9", threads],
                     [data, f"{inner}=dir/in.txt",
                      *(f"{GUESTS}/{name}.elf" for name in ("hello", "libc", "ends", "float", "tls", "posix", "users")),
                      *(f"bin/programs/{name}.elf" for name in ("shell", "cat", "echo"))])
    check(ran, "hello.elf", 0, r"Hello, world! 42 1099511627776 3\.250\n")
    output = tests_of(ran, libc, "libc", 15)
    test("a line of standard output comes when it is whole, standard error at once",
         None if "second\nfirst, buffered line\n" in output else output)
    tests_of(ran, "posix.elf", "posix", 15)
    tests_of(ran, "users.elf", "users", 8)
    for line in alone:
        check(ran, line, 0, r"0\.\d gives [\d.]+\n")
    check(ran, "tls.elf 9", 0, r"tls 9: 0 failures\n")
    four = ran.get(threads)
    test("thread-local variables of four programs that take turns",
         None if four and four.statuses == [0] * 4 and four.is_memory_back and
         four.output.count(": 0 failures\n") == 4 else four and four.output)
    both = ran.get(together)
    test("floating point of two programs that take turns",
         None if both and both.statuses == [0, 0] and both.is_memory_back and
         sorted(both.output.split("\n")) ==
         sorted("".join(ran[line].output for line in alone).split("\n")) else
         both and both.output)


def processes(folder):
    """fork(), exec and waitpid(); mmap(); how programs end."""
    data = os.path.join(folder, "data.txt")
    with open(data, "w", encoding="ascii") as file:
        file.write("0123456789\n")
    names = {"forks": 12, "maps": 4}
    made = [f"{GUESTS}/{name}.elf" for name in (*names, "ends")]
    guests.make(*made, guests.RUNNER)
    ran = guests.run(folder, [*(f"{name}.elf" for name in names), *(f"ends.elf {how}" for how, _, _ in ENDS)],
                     [data, suite.arch().path("bin/programs/shell.elf"), f"{GUESTS}/forks.elf=dir/inner.elf", *made])
    for name, count in names.items():
        check(ran, f"{name}.elf", 0)
        output = ran[f"{name}.elf"].output if f"{name}.elf" in ran else ""
        results = re.findall(rf"^({name}: .*?) \.\.\. (ok|FAIL)$", output, re.MULTILINE)
        for what, result in results:
            test(what, None if result == "ok" else output)
        test(f"{name}: all tests ran", None if len(results) == count else output)
    output = ran["forks.elf"].output if "forks.elf" in ran else ""
    test("what is in a stream's buffer at fork() is written by both",
         None if "\nboth write this;both write this;once;\n" in output and "lost" not in output else output)
    for how, status, said in ENDS:
        check(ran, f"ends.elf {how}", status, said)


def formats(folder):
    host = os.path.join(folder, "formats")
    # -O1: the host's SSE computes with the precision of double, as newlib's programs do.
    subprocess.run(["gcc", "-O1", "-std=gnu11", "-w", "-o", host, "tests/newlib/formats.c", "-lm"],
                   check=True)
    wanted = subprocess.run([host], stdout=subprocess.PIPE, text=True, check=True).stdout
    console, status = guests.boot(guests.image(folder, GUESTS + "/formats.elf", []))
    equal("formats ends", status, 0)
    guests.same_lines("numbers to text and back as on the host",
                      console.split("init exited")[0].rstrip("\n"), wanted.rstrip("\n"))


def standard_input(folder):
    """Lines with every editing key; the end of the file at a line's start, and in its middle."""
    def say(machine, keys, answer):
        machine.send(keys)
        wait_for(lambda: machine.receive().replace("\r", "").endswith(answer),
                 f"{answer!r} after {keys!r} (there is {machine.console[-200:]!r})")
        test(f"input {keys!r}")

    path = guests.image(folder, GUESTS + "/stdin.elf", [])
    with Machine(path, folder) as machine:
        say(machine, "", "round 0> ")
        say(machine, "one\r", "one\n4: one\n")
        say(machine, "\r", "\n1: \n")
        say(machine, "ab\x7f\x7f\x7fc\bd\r", "d\n2: d\n")
        say(machine, "all gone\x15new\r", "new\n4: new\n")
        say(machine, "a\tb\x01\x1b[A\r", "b\n4: a b\n")
        say(machine, "no end\4", "no end")
        say(machine, " to it\r", " to it\n13: no end to it\n")
        say(machine, "\4", "end of file: 1, error: 0\nround 1> ")
        say(machine, "again\r", "again\n6: again\n")
        machine.send("no line break")
        wait_for(lambda: machine.says("no line break"), "its echo")
        say(machine, "\4\4", "13 (no end): no line break\nend of file: 1, error: 0\nraw> ")
        say(machine, "123456\r", "123456\n4: 1234\n3: 56\n")
        machine.send("\4")
        equal("the program ends with its input", machine.status(), 33)
    path = guests.image(folder, GUESTS + "/stdin.elf", [])
    with tempfile.TemporaryDirectory() as inner, Machine(path, inner) as machine:
        wait_for(lambda: machine.says("round 0> "), "the prompt")
        machine.press("a", "shift-b", "ret")
        wait_for(lambda: "3: aB" in machine.screen(), "the line from the keyboard")
        test("the same from keyboard to screen")
        machine.press("ctrl-c")
        equal("ctrl-C ends the program", machine.status(), 35)
        test("with status 130", None if machine.says("init exited with status 130") else
             machine.console[-100:])


def anybodys(folder):
    """make program with a folder, and with mistakes; drupe-cc as other people's makefiles use it."""
    source = os.path.join(folder, "a program")
    os.makedirs(source + "/inner")
    for name, text in (("main.c", '#include <stdio.h>\n#include "part.h"\n'
                                  'int main(void) { printf("%d\\n", part()); return 0; }\n'),
                       ("part.h", "int part(void);\n"),
                       ("inner/part.c", '#include <math.h>\n#include "part.h"\nvolatile double x = 9;\n'
                                        'int part(void) { return (int)sqrt(x) + N; }\n')):
        with open(os.path.join(source, name), "w", encoding="ascii") as file:
            file.write(text)
    out = os.path.join(folder, "part.elf")
    guests.make("program", f"SRC={source}", f"OUT={out}", "CFLAGS=-DN=4")
    console, _ = guests.boot(guests.image(folder, out, []))
    test("a folder of sources", None if console.startswith("7\n") else console)
    for arguments in (["SRC=nothing.c", f"OUT={out}"], [f"SRC={source}"], [f"OUT={out}"],
                      [f"SRC={source}", "OUT=program"]):
        result = subprocess.run(["make", "-s", "program", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        test(f"make program {' '.join(arguments).replace(folder, '')} says how it is used",
             None if result.returncode and "usage: make program" in result.stdout else result.stdout)
    subprocess.run(["tools/drupe-cc", "-O1", "-c", "-o", folder + "/x.o", source + "/inner/part.c",
                    "-I", source, "-DN=1"], check=True)
    subprocess.run(["tools/drupe-cc", "-o", folder + "/x.elf", source + "/main.c", folder + "/x.o",
                    "-Wl,--defsym=__stack_size=0x200000"], check=True)
    headers = subprocess.run(["readelf", "-lW", folder + "/x.elf"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    test("a stack of another size", None if re.search(
        r"GNU_STACK +\S+ \S+ \S+ 0x00000 0x200000 RW", headers) else headers)
    listing = subprocess.run(["tools/drupe-cc", "-M", "tests/newlib/libc.c"], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
    host = re.findall(r"\s(/usr/include/\S+)", listing)
    test("no header of the host's is used", str(host[:3]) if host else None)


def follow(command, question, answer):
    """What command says, and its status. It is answered when it asks, and ended when it hangs."""
    said = b""
    with subprocess.Popen(["timeout", "--foreground", str(suite.SECONDS), "sh", "-c", "exec " + command],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        while True:
            some = os.read(process.stdout.fileno(), 4096)
            if not some:
                break
            had = question in said
            said += some
            if question in said and not had:
                process.stdin.write(answer)
                process.stdin.flush()
    return said.decode("latin-1").replace("\r", ""), process.returncode


def page():
    """docs/programs.md, word for word: its program, its commands, up to Lua's."""
    with open("docs/programs.md", encoding="utf-8") as file:
        text = file.read().split("\n## Lua\n")[0]
    blocks = [block.split("\n", 1) for block in re.split(r"^```", text, flags=re.MULTILINE)[1::2]]
    [program] = [code for language, code in blocks if language == "c"]
    commands = [line for language, code in blocks if not language for line in code.splitlines()]
    equal("docs/programs.md: its first command", commands.pop(0), "./build.sh deps")
    test("docs/programs.md: it has commands", None if len(commands) == 5 else commands)
    with open("build/hi.c", "w", encoding="ascii") as file:
        file.write(program)
    for command in commands:
        said, status = follow(command, b"Your name? ", b"Ada\r")
        why = None if status == 0 else f"status {status}: {said}"
        if command.startswith("make run") and not why and \
                "Your name? Ada\nHello Ada, the root of 2 is 1.4142135624.\n" not in said:
            why = said
        test(f"docs/programs.md: {command}", why)


def programs():
    """Of the kernel's own word size: ELF64 on x86_64."""
    build()
    for part in (library, processes, formats, standard_input):
        with tempfile.TemporaryDirectory() as folder:
            part(folder)


def main():
    suite.for_each_arch(programs)
    if suite.I386 in suite.ARCHS:
        page()
        with tempfile.TemporaryDirectory() as folder:
            anybodys(folder)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
