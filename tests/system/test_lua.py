#!/usr/bin/env python3
"""Lua 5.4 on Drupe: the scripts of tests/lua say what they say on the host, and give all memory
back; out of memory and endless recursion are Lua's errors; the prompt works."""

import os
import re
import subprocess
import sys
import tempfile

import suite
from suite import test
from machine import Machine, wait_for
import guests
from guests import check, equal

LUA = "bin/programs/lua.elf"
SCRIPTS = ["strings.lua", "tables.lua", "garbage.lua", "recurse.lua", 'language.lua "a b" -x']
MEMORY_MIB = 32
OUT_OF_MEMORY = "false\tnot enough memory\n"


def on_the_host(line):
    """lua5.4's output, and what went wrong."""
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
    result = subprocess.run(["lua5.4", *words], cwd="tests/lua", stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=suite.SECONDS, check=False)
    return result.stdout.decode("latin-1"), result.returncode


def scripts(folder):
    files = [LUA] + [f"tests/lua/{name}" for name in sorted(os.listdir("tests/lua"))]
    files += ["programs/newlib/lua/heap.lua"]
    one_liners = [('-v', 0, r"Lua 5\.4\.\d .*\n"),
                  ('-e "print(6 * 7) os.exit(3)"', 3, r"42\n"),
                  ('-e "os.exit(true, true)"', 0, r""),
                  ('-e "error([[no]])"', 1, r"lua\.elf: \(command line\):1: no\nstack traceback:\n"
                                            r"(\t.*\n)+"),
                  ('-e "local function f() return f() .. f() end f()"', 1,
                   r"lua\.elf: \(command line\):1: stack overflow.*\n(.*\n)*"),
                  ("nothing.lua", 1, r"lua\.elf: cannot open nothing\.lua.*\n"),
                  ("heap.lua", 0, r"before .*\nfull +[5-9]\d{3} KiB.*\nhalf .*\nafter .*\n")]
    lines = [f"lua.elf {line}" for line in SCRIPTS + [line for line, _, _ in one_liners]]
    # A Lua stack that grows to its limit takes twice as much with words of 64 bits.
    ran = guests.run(folder, lines, files, "-m", str(4 * suite.arch().bits))
    for line in SCRIPTS:
        wanted, status = on_the_host(line)
        equal(f"the host's lua5.4 runs {line}", status, 0)
        found = ran.get(f"lua.elf {line}")
        if found and check(ran, f"lua.elf {line}", 0):
            guests.same_lines(f"{line} says what it says on the host",
                              found.output.rstrip("\n"), wanted.rstrip("\n"))
    for line, status, output in one_liners:
        check(ran, f"lua.elf {line}", status, output)


def out_of_memory(folder):
    """With so little RAM that it comes soon."""
    ran = guests.run(folder, ["lua.elf memory.lua", "lua.elf memory.lua"],
                     [LUA, "tests/lua/memory.lua"], "-m", str(MEMORY_MIB))
    check(ran, "lua.elf memory.lua", 0, 5 * OUT_OF_MEMORY + "10000\ttrue\n")


def prompt(folder):
    """The bundled disk of make lua: the shell, and Lua from it."""
    guests.make("lua")
    with Machine("bin/lua.bin", folder) as machine:
        def say(line, *answer):
            wanted = line + "\n" + "".join(row + "\n" for row in answer[:-1]) + answer[-1]
            machine.send(line + "\r")
            wait_for(lambda: machine.receive().replace("\r", "").endswith(wanted),
                     f"{wanted!r} (there is {machine.console[-300:]!r})")
            test(f"prompt: {line}")

        wait_for(lambda: machine.says("drupe> "), "the shell")
        machine.send("lua\r")
        wait_for(lambda: re.search(r"Lua 5\.4\.\d .*\r\n> $", machine.receive()), "Lua's prompt")
        test("lua's prompt")
        say("1 + 1", "2", "> ")
        say("x = 'drupe'", "> ")
        say("for i = 1, 2 do", ">> ")
        say("print(i, x) end", "1\tdrupe", "2\tdrupe", "> ")
        machine.send("error('wrong')\r")
        wait_for(lambda: re.search(r"stdin:1: wrong\r\nstack traceback:(.*\r\n)+> $",
                                   machine.receive()), "the error")
        test("prompt: an error does not end it")
        # 100 KB at once: each line counts the bytes of the text in it, and nothing is lost.
        lines = [f"s = (s or 0) + #'{'=' * (i % 60)}' n = (n or 0) + 1 t = {{[n] = '{i}=='}}"
                 for i in range(1500)]
        machine.send("".join(line + "\r" for line in lines))
        say("print('sum', s, n, t[n])", f"sum\t{sum(i % 60 for i in range(1500))}\t1500\t1499==", "> ")
        say("#'\u00e4\u20ac'".encode("utf-8").decode("latin-1"), "5", "> ")
        machine.send("#io.read()\r")
        say("long" * 1020, "4080", "> ")
        say("io.read()", "")
        say("typed", "typed", "> ")
        machine.press("3", "asterisk", "4", "ret")
        wait_for(lambda: any(row == "12" for row in machine.screen()), "the product on the screen")
        test("prompt: keyboard and screen")
        say("#string.rep('x', 1000000)", "1000000", "> ")
        machine.send("\4")
        wait_for(lambda: machine.receive().endswith("drupe> "), "the shell")
        test("prompt: ctrl-D ends it")
        machine.send("lua heap.lua\r")
        wait_for(lambda: re.search(r"after +\d+ KiB\r\ndrupe> $", machine.receive()), "heap.lua")
        test("a script from the disk, started by the shell")
        machine.send("lua -e \"while true do end\"\r")
        wait_for(lambda: machine.receive().endswith("end\"\r\n"), "the echo")
        machine.send("\3")
        wait_for(lambda: machine.receive().endswith("interrupted.\r\ndrupe> "), "the shell")
        test("ctrl-C ends an endless loop")


def main():
    def run(*parts):
        guests.make(LUA, guests.RUNNER)
        for part in parts:
            with tempfile.TemporaryDirectory() as folder:
                part(folder)

    suite.for_each_arch(lambda: run(scripts, out_of_memory))
    if suite.I386 in suite.ARCHS:
        run(prompt)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
