#!/usr/bin/env python3
"""The shell and the programs on the disk, typed at: over the serial line and on the keyboard.

What the serial line carried, put on a terminal of 80 columns, and the VGA screen must be the same
text at every prompt.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import test
import keep_disk
from machine import COLUMNS, ROWS, Machine, wait_for

PROMPT = "drupe> "
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
LINE_MAX = 4095  # characters of a line
WINDOW = COLUMNS - 1 - len(PROMPT)  # characters of a line that are seen at a time
BYTES = bytes(set(range(256)) - set(b"\a\b\t\n\r")) + b"\n"
SUCCESS, FAILURE = 33, 35


def equal(name, found, wanted):
    test(name, None if found == wanted else f"{found!r}, not {wanted!r}")


def equal_rows(name, found, wanted):
    """The same for many: says where they part."""
    for i, (one, other) in enumerate(zip([*found, None], [*wanted, None])):
        if one != other:
            test(name, f"row {i} of {len(found)} is {one!r}, not {other!r} (of {len(wanted)})")
            return
    test(name, None)


class Terminal:
    """The rows that a terminal shows, those above its screen as well."""

    def __init__(self):
        self.lines, self.column = [""], 0

    def show(self, text):
        for c in text:
            if c == "\n":
                self.lines.append("")
            elif c == "\r":
                self.column = 0
            elif c == "\b":
                self.column = max(self.column - 1, 0)
            elif c != "\a":
                if self.column == COLUMNS:
                    self.lines.append("")
                    self.column = 0
                row = self.lines[-1]
                self.lines[-1] = row[:self.column].ljust(self.column) + c + row[self.column + 1:]
                self.column += 1

    def rows(self):
        return [row.rstrip(" ") for row in self.lines]


class Session:
    """Command lines, and what comes of them, as the serial line has it."""

    def __init__(self, machine):
        self.machine = machine
        self.terminal = Terminal()
        self.shown = 0  # characters that the terminal has got
        self.seen = 0  # rows that belong to earlier commands, and the prompt's
        self.wait_prompt()

    def rows(self):
        text = self.machine.receive()
        self.terminal.show(text[self.shown:])
        self.shown = len(text)
        return self.terminal.rows()

    def wait_prompt(self):
        """Waits for an empty prompt below what was seen. The rows between."""
        def is_there():
            rows = self.rows()
            return len(rows) > self.seen and rows[-1] == PROMPT.rstrip()
        wait_for(is_there, f"the prompt after {self.rows()[-3:]}")
        rows = self.rows()
        between, self.seen = rows[self.seen:-1], len(rows)
        return between

    def wait_row(self, text):
        """Waits until the row with the cursor is text."""
        wait_for(lambda: self.rows()[-1] == text, f"{text!r} (it is {self.rows()[-1]!r})")

    def type(self, keys):
        """Keys over the serial line, all at once: the kernel holds the line when it has too many."""
        self.machine.send(keys)

    def press(self, *keys):
        """Keys of the keyboard, one after the other: each but caps lock changes what is shown."""
        for key in keys:
            before = len(self.machine.receive())
            self.machine.press(key)
            if key != "caps_lock":
                wait_for(lambda: len(self.machine.receive()) > before, f"what {key} does")

    def run(self, keys):
        """Types a line and Enter. The rows that come after it."""
        self.type(keys + "\r")
        return self.wait_prompt()

    def spin(self, type_keys, keys):
        """Starts spin, by keys, and waits until it is in front."""
        type_keys(*keys)
        wait_for(lambda: self.rows()[self.seen:] == ["spinning", ""], "spin's line")

    def look(self, name):
        """Are screen and terminal the same?"""
        wanted = self.rows()[-ROWS:]
        found = []

        def is_same():
            found[:] = self.machine.screen()[:len(wanted)]
            return found == wanted
        wait_for(is_same, f"{name}: a screen like the terminal's {wanted} ({found})")
        test(f"{name}: screen and terminal show the same", None)


def command(session, name, line, *patterns):
    """Runs line; its output has a row for each pattern, in that order."""
    rows = session.run(line)
    rest = iter(rows)
    missing = [p for p in patterns if not any(re.fullmatch(p, row) for row in rest)]
    test(f"{name}: {line}", f"no {missing[0]!r} in {rows}" if missing else None)
    return rows


def exactly(session, name, line, *rows):
    equal(f"{name}: {line}", session.run(line), list(rows))


def bundled_programs():
    """All folders of programs/ that are programs."""
    return sorted(name for name in os.listdir("programs") if os.path.isdir("programs/" + name)
                  and name not in ("libc", "newlib", "files"))


def programs(session):
    command(session, "df before anything was written", "df", r"drive +type +KiB +used +free",
            r"/ +FAT16 +\d+ +\d+ +[1-9]\d*", r"/tmp +RAM +\d+ +0 +[1-9]\d*")
    rows = command(session, "help lists commands and programs", "help", "Built-in commands:",
                   r"  exit \[STATUS\] .*", r"  kill \[-f\] PID .*", "Programs .*:")
    test("help fits the screen", None if len(rows) < ROWS and max(map(len, rows)) < COLUMNS else rows)
    begin = next((i for i, row in enumerate(rows) if row.startswith("Programs ")), len(rows))
    names = set(" ".join(row for row in rows[begin:] if row.startswith("  ")).split())
    missing = {*bundled_programs(), "spin"} - names
    test("help names every program", f"not {missing}" if missing else None)
    exactly(session, "help", "help nothing", "Usage: help [programs]")
    rows = command(session, "help programs", "help programs", r"  cat \[FILE \.\.\.\] .*",
                   r"  ls \[PATH \.\.\.\] .*", r"  shell \[FILE \.\.\.\] .*", r"  spin")
    listed = {row.split()[0] for row in rows if re.fullmatch(r"  \S.*  +\S.*", row)}
    bundled = set(bundled_programs())
    test("help says of every program what it does",
         f"not of {bundled - listed}" if bundled - listed else None)

    size = os.path.getsize("bin/programs/cat.elf")
    rows = command(session, "ls", "ls", r" +folder dir/", fr" +{size} cat\.elf", r" +\d+ text\.txt",
                   r" +folder tmp/", r" +folder dev/", r"(\d+) files, 3 folders, (\d+) bytes")
    sizes = [int(row.split()[0]) for row in rows[:-1] if "folder" not in row]
    equal("ls: the last line's sums", rows[-1],
          f"{len(sizes)} files, 3 folders, {sum(sizes)} bytes")
    exactly(session, "ls", "ls dir", "           7 in.txt", "1 file, 0 folders, 7 bytes")
    exactly(session, "ls", "ls dir/in.txt text.txt nowhere", "           7 dir/in.txt", "          23 text.txt",
            "ls: 'nowhere' cannot be listed: no such file or folder.", "ls ended with status 1.")
    command(session, "ls", "ls 0:/ /", "0:/:", r" +folder dir/", ".* files.*", "/:", ".* files.*")
    command(session, "ls", "ls -l text.txt dir", r" +23 2000-01-01 00:00 text\.txt", "dir:",
            r" +7 2000-01-01 00:00 in\.txt", "1 file, 0 folders, 7 bytes")
    command(session, "ls", "ls -l /", r" +folder +tmp/", r".* files, 3 folders, \d+ bytes")
    exactly(session, "ls of a drive in memory", "ls /tmp", "0 files, 0 folders, 0 bytes")
    command(session, "ls", "ls -x", r"Usage: ls \[-l\] \[PATH \.\.\.\]", r"ls ended with status 2\.")

    exactly(session, "cat", "cat text.txt", "A line.", "One more line.")
    exactly(session, "cat", "cat TEXT.TXT nobody 0:/dir/in.txt dir", "A line.", "One more line.",
            "cat: 'nobody' cannot be shown: no such file or folder.", "inside",
            "cat: 'dir' cannot be shown: it is a folder.", "cat ended with status 1.")
    command(session, "cat", "cat nobody", r"cat: .nobody. cannot be shown: .*", r"cat ended with status 1\.")
    shown = BYTES.decode("latin-1").rstrip("\n")
    equal("cat shows bytes as they are", "".join(session.run("cat bytes.bin")), shown)
    session.look("cat shows bytes as they are")

    command(session, "ps", "ps", r"  PID PARENT FAMILY STATE .*",
            r" +1 +0 +0 (ready|waiting) +\d+ +\d+  init\.elf",
            r" +\d+ +1 +1 ready +\d+ +\d+ \*ps\.elf")
    rows = command(session, "mem", "mem", r"Managed by the kernel +\d+ KiB", r"  free +\d+ KiB",
                   r"Kernel heap's pool +102400 KiB, of these", r"  objects +\d+",
                   r"  sectors found there +\d+ of \d+ \(\d+\.\d %\)", r"Processes +2")
    hits, total, rate = map(float, re.search(r"(\d+) of (\d+) \(([\d.]+)", "".join(rows)).groups())
    test("mem: the cache's rate", None if abs(hits * 100 / total - rate) <= 0.1 else rows)

    command(session, "hello", "hello", r"Hello from hello\.", ".*read back.")
    crashes(session)
    exactly(session, "sleep", "sleep 0")
    command(session, "sleep", "sleep soon", "Usage: sleep SECONDS", r"sleep ended with status 2\.")
    for name in sorted(bundled):
        rows = command(session, "every program has a help", f"{name} --help", f"Usage: {name}.*")
        wide = [row for row in rows if len(row) >= COLUMNS]
        test(f"{name} --help fits the screen", wide or None)
        test(f"{name} --help ends with status 0",
             rows[-1] if "ended with status" in rows[-1] else None)


CRASHES = [("null", 14, "read address 00000000"), ("call", 14, "executed address 00000000"),
           ("constant", 14, "wrote to address 0040[0-9a-f]{4}: that page of the program is read-only"),
           ("kernel", 14, "wrote to address 00100000: that page is the kernel's"),
           ("freed", 14, "wrote to address 80000000: nothing is mapped there"),
           ("overrun", 14, "wrote to address 80001000: nothing is mapped there"),
           ("stack", 14, "wrote to address 003fa[0-9a-f]{3}: the guard page below the stack"),
           ("divide", 0, "divide error"), ("opcode", 6, "invalid opcode"),
           ("cli", 13, "general protection fault"), ("port", 13, "general protection fault"),
           ("int", 13, "general protection fault")]


def crashes(session):
    """Each fault of the program crash, by its name and from its menu."""
    for name, vector, report in CRASHES:
        if suite.arch() is suite.X86_64:  # of 32-bit programs: the kernel is not among their addresses
            report = report.replace("address ", "address 0{8}").replace("that page is the kernel's",
                                                                       "nothing is mapped there")
        rows = session.run(f"crash {name}")
        said = suite.unwrap("\n".join(rows))
        test(f"crash: crash {name}", None if max(map(len, rows)) < COLUMNS and re.fullmatch(
            fr"crash\.elf \(process \d+\) killed: {report}.*\n"
            fr"crash ended with status {128 + vector}: a fault\.", said) else rows)
    exactly(session, "crash", "crash hard",
            "crash: there is no fault 'hard'. Type crash for the menu.", "crash ended with status 2.")

    def wait_end(text):
        wait_for(lambda: session.rows()[-1].endswith(text), f"{text!r} ({session.rows()[-3:]})")
    session.type("crash\r")
    wait_end("ends this:")
    rows = session.rows()[session.seen:]
    listed = [row.split()[1] for row in rows if re.match(r"  [ 1]\d  \w+ +\w", row)]
    equal("crash: its menu", listed, [name for name, _, _ in CRASHES])
    for typed, report in (("1", "read address 00000000"), ("divide", "divide error")):
        session.type(typed + "\r")
        wait_end("back to the menu.")
        said = "\n".join(session.rows()[session.seen:])
        session.type("\r")
        wait_end("ends this:")
        test(f"crash: {typed} from the menu", None if report in said else said)
    session.type("nothing\r")
    wait_for(lambda: any("There is no 'nothing' in the menu." in row for row in session.rows()),
             "the sentence")
    session.type("\r")
    test("crash: Enter alone ends it", None if session.wait_prompt() else "no")


def names_and_quotes(session):
    exactly(session, "echo", "echo", "")
    exactly(session, "echo", '  echo   one "two  three" "" four"  "five ',
            'one two  three  four  five')
    exactly(session, "a program's whole name", "ECHO.ELF 1", "1")
    exactly(session, "a program's path", "0:/echo 1", "1")
    unknown = "There is no program or command '%s'. Type help for a list."
    for name in ("foo", "foo.elf", "not-an-8.3-name", "0:/", "text", "dir/echo"):
        wanted = "'0:/' is a folder, not a program." if name == "0:/" else unknown % name
        exactly(session, "a wrong name", name, wanted)
    exactly(session, "a wrong name", "dir", "'dir' is a folder, not a program.")
    exactly(session, "a wrong name", "text.txt", "'text.txt' is not a program.")
    exactly(session, "an open quote", 'echo "a b', 'A quote (") is open at the end of the line.')
    exactly(session, "a path from the root", "/echo 1", "1")
    exactly(session, "a path from here", "./echo 1", "1")
    exactly(session, "a path from the root", "cat /dir/in.txt //text.txt", "inside", "A line.",
            "One more line.")
    exactly(session, "between quotes it is text", 'echo "a > b | c; <d>"', "a > b | c; <d>")
    exactly(session, "nothing", "")
    exactly(session, "nothing", "   ")
    exactly(session, "nothing to run", "&", "A command is missing before |, &&, ||, ; or &.")
    words = " ".join(str(i) for i in range(200))
    rows = session.run("echo " + words)
    equal("200 arguments", "".join(rows).replace(" ", ""), words.replace(" ", ""))
    exactly(session, "more arguments than its stack can take", "echo" + " x" * 700,
            "'echo' cannot be started: its arguments are more than its stack can take.")


def folders(session):
    exactly(session, "a long name", "mkdir Folder-with-a-long-name; cd folder-WITH-a-long-name; pwd",
            "/Folder-with-a-long-name")
    exactly(session, "a program from another folder", "echo a > 'A long name.text'; ls",
            "           2 A long name.text", "1 file, 0 folders, 2 bytes")
    exactly(session, "a pipe in another folder", "cat *long* | cat", "a")
    exactly(session, "a program of the working folder", "cp ../ends.elf mine.elf; mine 4",
            "mine ended with status 4.")
    exactly(session, "the same in a pipe", "echo a | mine 5", "mine ended with status 5.")
    exactly(session, "a script in another folder", "echo pwd > script; shell script; cd /tmp; pwd",
            "/Folder-with-a-long-name", "/tmp")
    exactly(session, "cd in a pipe stays there", "cd / | cat; pwd", "/tmp")
    exactly(session, "cd without a folder", "cd; pwd", "/")
    exactly(session, "cd to nowhere", "cd nowhere", "cd: 'nowhere' cannot be entered: no such file or folder.")
    exactly(session, "cd to a file", "cd text.txt", "cd: 'text.txt' cannot be entered: it is not a folder.")
    exactly(session, "cd to two", "cd a b", "Usage: cd [FOLDER]")
    exactly(session, "a folder that is not empty", "rm Folder-with-a-long-name; rmdir Folder-with-a-long-name",
            "rm: 'Folder-with-a-long-name' cannot be removed: it is a folder.", "rm ended with status 1.",
            "rmdir: 'Folder-with-a-long-name' cannot be removed: the folder is not empty.",
            "rmdir ended with status 1.")
    exactly(session, "and all that is in it", "rm -r Folder-with-a-long-name; cd Folder-with-a-long-name",
            "cd: 'Folder-with-a-long-name' cannot be entered: no such file or folder.")


def filters(session):
    """What lies in a pipe, with more than a pipe holds, and with a reader that goes."""
    exactly(session, "more than a pipe holds", f"A='{'0123456789' * 8}'; echo $A > a.txt; "
            "cat a.txt a.txt a.txt a.txt a.txt a.txt a.txt a.txt > b.txt; cat b.txt b.txt b.txt b.txt > a.txt; "
            "cat a.txt a.txt a.txt a.txt > b.txt; rm a.txt; wc b.txt", "    128     128   10368 b.txt")
    for name in ("cat b.txt", "sort b.txt", "uniq -c usertest.elf", "grep 0 b.txt", "tail -2000 b.txt",
                 "hexdump usertest.elf", "head -2000 b.txt", "tee x.txt < usertest.elf", "find" + " /" * 26,
                 "help programs"):
        exactly(session, "a reader that goes first", f"{name} | ends 0")
    session.run("rm x.txt")
    exactly(session, "a built-in command fills a pipe", "help programs | tail -1 | wc", "      1       8      54")
    exactly(session, "head", "head -1 text.txt; head -n 1 text.txt; head -n1 < text.txt; tail -1 text.txt",
            "A line.", "A line.", "A line.", "One more line.")
    exactly(session, "head", "head -x text.txt", "Usage: head [-NUMBER] [FILE ...]",
            "       head [-n NUMBER] [FILE ...]", "Shows the first 10, or NUMBER, lines.", "head ended with status 2.")
    exactly(session, "sort", "echo b > a.txt; echo a >> a.txt; echo b >> a.txt; sort a.txt | uniq -c",
            "      1 a", "      2 b")
    exactly(session, "sort and uniq", "sort -r a.txt; sort -u a.txt", "b", "b", "a", "a", "b")
    exactly(session, "tee", "cat a.txt | tee c.txt | wc; tee -a c.txt < text.txt > /dev/null; wc c.txt",
            "      3       3       6", "      5       8      29 c.txt")
    exactly(session, "grep", "grep -n B A.TXT; grep -i B A.TXT; grep -c b a.txt; grep -v b a.txt a.txt; "
            "grep x a.txt || echo no",
            "grep ended with status 1.", "b", "b", "2", "a.txt:a", "a.txt:a", "no")
    exactly(session, "hexdump", "hexdump a.txt", "00000000  62 0a 61 0a 62 0a                                 b.a.b.")
    exactly(session, "cp and mv", "cp a.txt dir; mv a.txt d.txt; cat dir/a.txt d.txt | uniq; rm dir/a.txt",
            "b", "a", "b", "a", "b")
    exactly(session, "mv to another drive", "mv d.txt /tmp; cat d.txt; cat /tmp/d.txt; mv /tmp/d.txt .; cat d.txt",
            "cat: 'd.txt' cannot be shown: no such file or folder.", "cat ended with status 1.",
            "b", "a", "b", "b", "a", "b")
    exactly(session, "cp and mv", "cp nobody x; mv nobody x; cp dir x",
            "cp: 'nobody' cannot be read: no such file or folder.", "cp ended with status 1.",
            "mv: 'nobody' cannot be moved: no such file or folder.", "mv ended with status 1.",
            "cp: 'dir' cannot be copied without -r: it is a folder.", "cp ended with status 1.")
    exactly(session, "touch", "touch e.txt; wc e.txt; rm e.txt d.txt b.txt c.txt", "      0       0       0 e.txt")
    command(session, "df", "df", r"drive +type +KiB +used +free", r"/ +FAT16 +\d+ +\d+ +\d+",
            r"/tmp +\w+ +\d+ +\d+ +\d+")
    command(session, "mount", "mount", r"/ has FAT16 on ata0p1, to be read and written\.",
            r"/tmp has RAM in memory, to be read and written\.", r"/dev has devices in memory, to be read and written\.")
    exactly(session, "find", "mkdir -p q/r; touch q/r/a.txt q/B.TXT; find q; find q -name '*.txt'; "
            "find q -type d; rm -r q",
            "q", "q/r", "q/r/a.txt", "q/B.TXT", "q/r/a.txt", "q", "q/r")


def pipes_and_files(session):
    exactly(session, "a pipe", "echo one | cat", "one")
    exactly(session, "a pipe", "echo one|cat|cat | cat", "one")
    exactly(session, "a pipe of a whole file", "cat bytes.bin | cat > /dev/null")
    exactly(session, "a pipe whose end goes first", "cat bytes.bin | echo two", "two")
    exactly(session, "a built-in command in a pipe", "help | ends 5", "ends ended with status 5.")
    exactly(session, "a pipe to nobody", "echo a | nobody",
            "There is no program or command 'nobody'. Type help for a list.")
    exactly(session, "a pipe from nobody", "nobody | cat",
            "There is no program or command 'nobody'. Type help for a list.")
    exactly(session, "as many pipes as there can be", "echo a" + " | cat" * 15 + " && echo done", "a", "done")
    for after in ("", "&"):
        exactly(session, f"one part too many{after}", "echo a > made" + " | cat" * 16 + after,
                "A pipeline has at most 16 parts.")
        exactly(session, "and nothing has run", "echo $?; cat made", "2",
                "cat: 'made' cannot be shown: no such file or folder.", "cat ended with status 1.")
    exactly(session, "input from a file", "cat < text.txt", "A line.", "One more line.")
    exactly(session, "input from a file", "<text.txt cat | cat", "A line.", "One more line.")
    exactly(session, "output to a device", "cat text.txt > /dev/null")
    exactly(session, "output to a device", "echo seen > /dev/console", "seen")
    exactly(session, "errors to a device", "cat nobody text.txt 2> /dev/null", "A line.", "One more line.",
            "cat ended with status 1.")
    exactly(session, "output to what is not there", "echo a > nowhere/x", "'nowhere/x' cannot be opened: "
            "no such file or folder.")
    exactly(session, "output to a new file", "echo one > new.txt; cat new.txt", "one")
    exactly(session, "output behind a file's end", "echo two >> new.txt; cat < new.txt", "one", "two")
    exactly(session, "output in the place of a file's", "echo three > new.txt; cat new.txt", "three")
    exactly(session, "output behind the end of a new file", "echo four >> other.txt; cat other.txt", "four")
    exactly(session, "errors to a file", "cat nobody 2> errors.txt; cat errors.txt",
            "cat ended with status 1.", "cat: 'nobody' cannot be shown: no such file or folder.")
    exactly(session, "what the shell itself says to a file", "nobody 2> errors.txt; cat errors.txt",
            "There is no program or command 'nobody'. Type help for a list.")
    exactly(session, "output to a folder", "echo a > dir", "'dir' cannot be opened: it is a folder.")
    exactly(session, "output to a program that runs", "echo a > init.elf",
            "'init.elf' cannot be opened: it is a program that runs.")
    exactly(session, "output behind the end of a program that runs", "echo a >> init.elf",
            "'init.elf' cannot be opened: it is a program that runs.")
    exactly(session, "a new file that nobody fills", "> empty.txt; cat empty.txt")
    exactly(session, "files that are removed again", "rm new.txt other.txt errors.txt empty.txt")
    exactly(session, "input from nowhere", "cat < nowhere && echo not", "'nowhere' cannot be opened: "
            "no such file or folder.")
    exactly(session, "one after the other", "echo a; echo b ;", "a", "b")
    exactly(session, "when it went well", "ends 0 && echo yes && ends 4 && echo not", "yes",
            "ends ended with status 4.")
    exactly(session, "when it went wrong", "ends 4 || echo no || echo not; echo $?", "no", "0")
    exactly(session, "a status as a word", "ends 9; echo $? $?x", "ends ended with status 9.", "9 9x")
    exactly(session, "a variable", "A=1 B='two  words'; echo $A \"<${B}>\" $C. '$A'", "1 <two  words> . $A")
    exactly(session, "a pattern", "echo t*.txt *.none \"*.txt\" DIR/I?.*", "text.txt *.none *.txt DIR/in.txt")
    exactly(session, "wrong lines", "echo a |", "A command is missing at the end of the line.")
    exactly(session, "wrong lines", "echo a >", "A file's name is missing behind <, > or >>.")
    exactly(session, "a variable is the shell's own", "V=1; shell -c 'echo [$V]'", "[]")
    exactly(session, "until it is exported", "export V W=2; shell -c 'echo [$V] [$W]'", "[1] [2]")
    exactly(session, "or stands before a command, which alone gets it",
            "V=3 X=4 shell -c 'echo [$V] [$X]'; echo [$V] [$X]", "[3] [4]", "[1] []")
    exactly(session, "what is exported", "V='a b' shell -c export", "export V='a b'", "export W='2'")
    exactly(session, "a variable that is gone", "unset V W; shell -c 'echo [$V$W]'; export", "[]")
    exactly(session, "no name of a variable", "export 1x=2",
            "export: '1x=2' is no name of a variable: letters, digits and _ make one.")
    exactly(session, "a value is no pattern", "V=*; echo \"$V\"", "*")
    exactly(session, "a script", "shell script.sh one two", "2 words: one two", "in a pipe", "ends here",
            "shell ended with status 23.")
    exactly(session, "a script's status", "shell script.sh || echo failed", "0 words:", "in a pipe",
            "ends here", "failed")
    exactly(session, "a script from a pipe", "echo \"echo piped\" | shell", "piped")
    exactly(session, "a line as an argument", "shell -c \"echo a | cat; ends 6\"", "a",
            "shell ended with status 6.")
    session.spin(session.type, ["spin loud | cat | cat\r"])
    session.type("\x03")
    equal("ctrl-C ends all parts of a pipe", [row.replace("^C", "") for row in session.wait_prompt()][-1:],
          ["cat was interrupted."])
    equal("nothing of it is left", len([row for row in session.run("ps") if "spin" in row or "cat" in row]), 0)


def statuses(session):
    exactly(session, "a status", "ends 0")
    exactly(session, "a status", "ends 3", "ends ended with status 3.")
    exactly(session, "a status", "ends -1", "ends ended with status -1.")
    command(session, "a fault", "ends",
            r"ends\.elf \(process \d+\) killed: read address 00000000.*",
            r"ends ended with status 142: a fault\.")
    session.spin(session.type, ["spin loud\r"])
    session.type("keys that nobody read\3")
    equal("ctrl-C ends the program in front, and what was typed is forgotten",
          session.wait_prompt(), ["spinning", "^C", "spin was interrupted."])
    session.type("shell\r")
    session.wait_prompt()
    session.spin(session.type, ["spin loud\r"])
    session.type("\x1c")
    equal("ctrl-\\ ends a shell in the shell, and its job", session.wait_prompt(),
          ["spinning", "^\\", "shell was ended, and all that it had started."])
    session.type("\x1c")
    exactly(session, "ctrl-\\ at the first shell's prompt does nothing", "echo on", "on")
    session.type("large\r\x1c")
    equal("ctrl-\\ ends a program that is still being loaded", session.wait_prompt(),
          ["^\\", "large was ended, and all that it had started."])
    session.type("large\r\3")
    equal("ctrl-C ends a program that is still being loaded", session.wait_prompt(),
          ["^C", "large was interrupted."])


def background(session):
    rows = command(session, "a background job", "spin &", r"\[\d+\]")
    pid = rows[0][1:-1]
    command(session, "the shell goes on meanwhile", "ps", fr" *{pid} +1 +1 ready +\d+ +\d+  spin\.elf")
    exactly(session, "kill", f"kill {pid}", f"[{pid}] was killed.")
    exactly(session, "kill", f"kill {pid}",
            f"There is no process {pid} that this shell may end.")
    exactly(session, "kill", "kill 1", "That is the shell itself. Type exit to end it.")
    command(session, "kill", "kill", r"Usage: kill \[-f\] PID .*")
    command(session, "kill", "kill me", r"Usage: kill \[-f\] PID .*")
    command(session, "kill", "kill -f", r"Usage: kill \[-f\] PID .*")
    pid = session.run("spin &")[0][1:-1]
    exactly(session, "kill", f"kill -f {pid}", f"The family of [{pid}] was killed.")
    for line, how in (("ends 4&", "ends.elf ended with status 4."),
                      ("sleep 0 &", "sleep.elf ended with status 0.")):
        first, *rows = session.run(line)
        pid = first[1:-1]
        for _ in range(1000):  # it ends when it has had its turn
            rows = rows or session.run("")
        equal(f"{line}: its end is reported", rows, [f"[{pid}] {how}"])
        equal(f"{line}: and is not reported again", session.run(""), [])
    exactly(session, "an & between quotes is text", 'echo "a &"', "a &")
    exactly(session, "an & inside a word is text", "echo a&b", "a&b")


def editing(session):
    def line(what, keys, wanted):
        exactly(session, what, keys, wanted)
        session.look(what)

    line("backspace", "ehh\x7f\b\becho axx\b\bb", "ab")
    line("left and right", "echo ac" + LEFT + "b" + RIGHT + "d", "abcd")
    line("home and end", "cho b" + HOME + "e" + END + "c", "bc")
    line("ctrl-A and ctrl-E", "cho b\1e\5c", "bc")
    line("delete", "xecho a" + "\x1b[1~" + DELETE, "a")
    line("ctrl-K", "echo a bcd" + LEFT * 4 + "\x0b", "a")
    line("ctrl-U", "nonsense\x15echo a", "a")
    line("keys of an application-mode terminal", "cho b\x1bOHe\x1bOFc", "bc")
    line("unknown sequences are left out", "echo ab\x1b[20~c", "abc")
    long = "echo " + "".join(chr(ord("a") + i % 26) for i in range(200))
    long = "echo " + "".join(chr(ord("a") + i % 26) for i in range(200))
    session.type(long)
    session.wait_row(PROMPT + long[-WINDOW:])
    session.look("a line longer than the screen is wide")
    rows = session.run(HOME + RIGHT * 5 + "(" + END + ")")
    equal("a line longer than the screen is wide", "".join(rows), "(" + long[5:] + ")")
    session.look("its end")
    session.type("echo no\3")
    equal("ctrl-C gives a line up", session.wait_prompt(), [])
    exactly(session, "after ctrl-C", "echo yes", "yes")


def utf8(session):
    """Over the serial line as it is; the screen has some of its glyphs, and '?' for the others."""
    def line(what, keys, wanted, screen):
        session.type(keys.encode("utf-8").decode("latin-1") + "\r")
        equal(f"UTF-8: {what}",
              [row.encode("latin-1").decode("utf-8") for row in session.wait_prompt()], [wanted])
        wait_for(lambda: session.machine.screen()[-2:] == [screen, PROMPT.rstrip()],
                 f"{screen!r} on the screen ({session.machine.screen()[-2:]})")

    line("passes", "echo \u00e4\u20ac\u00dfx", "\u00e4\u20ac\u00dfx", "\x84?\xe1x")
    line("left, delete and backspace take whole characters",
         "echo \u00e4\u00f6\u00fc\U0001f351" + LEFT + LEFT + DELETE + "\x7fo", "\u00e4o\U0001f351",
         "\x84o?")
    line("up brings it back", UP, "\u00e4o\U0001f351", "\x84o?")


def long_lines(session):
    words = [str(i) * 60 for i in range(10)]
    line = "echo " + " ".join(words)
    exact = line + " " * (LINE_MAX - len(line))
    equal("a line exactly full", "".join(session.run(exact)).split(), words)
    refused = f"That line was not run: it is longer than {LINE_MAX} characters."
    exactly(session, "a line of one character too many", exact + "x", refused)
    exactly(session, "and of many", "echo " + "y" * 9000, refused)
    exactly(session, "a word of 1023 characters", "echo " + "w" * 1023 + "\x15echo short", "short")
    exactly(session, "a word of 1024 characters", "echo " + "w" * 1024,
            "A word of that line is longer than 1023 characters.")


def pastes(session):
    """Many lines at once: each is run, none loses a character, nor does the one being typed when the
    program in front reads nothing."""
    lines = [f"echo {i} " + "".join(chr(ord("a") + (i + j) % 26) for j in range(i % 50 + 20))
             for i in range(2000)]
    text = "".join(line + "\r" for line in lines)
    session.machine.send(text)
    session.type("echo the end\r")
    wait_for(lambda: session.rows()[-2:] == ["the end", PROMPT.rstrip()], "the end of the paste")
    rows = session.rows()[session.seen:-1]
    session.seen = len(session.rows())
    shown = [row for row in rows if not row.startswith(PROMPT)]
    equal_rows(f"{len(text)} characters pasted: each line is run as it was sent", shown,
               [line.removeprefix("echo ") for line in lines] + ["the end"])
    typed = "".join(f"echo ahead {i}\r" for i in range(100))
    session.type("sleep 1\r" + typed)
    wait_for(lambda: session.rows()[-2:] == ["ahead 99", PROMPT.rstrip()], "what was typed ahead")
    rows = session.rows()[session.seen:-1]
    session.seen = len(session.rows())
    equal_rows("typed ahead of a program that reads nothing",
               [row for row in rows if not row.startswith(PROMPT)], [f"ahead {i}" for i in range(100)])


def history(session):
    session.run("echo first")
    session.run("echo second")
    exactly(session, "history", UP, "second")
    exactly(session, "history", UP + UP, "first")
    session.type("echo new")
    session.wait_row(PROMPT + "echo new")
    session.type(UP + UP)
    session.wait_row(PROMPT + "echo second")
    session.type(DOWN + DOWN)
    session.wait_row(PROMPT + "echo new")
    session.look("history")
    equal("history: down to the new line", session.run(""), ["new"])
    exactly(session, "history: an earlier line changed", UP + "er", "newer")


def inner_shell(session):
    session.type("shell\r")
    equal("a shell in the shell", session.wait_prompt(), ["Type help for a list of commands."])
    command(session, "a shell in the shell", "ps", r" +1 +0 +0 (ready|waiting) .* init\.elf",
            r" +\d+ +1 +1 (ready|waiting) .* shell\.elf", r" .* ready .*\*ps\.elf")
    exactly(session, "exit with a status", "exit 7", "shell ended with status 7.")
    session.type("shell\r")
    session.wait_prompt()
    session.type("\4")
    equal("ctrl-D on an empty line ends the shell", session.wait_prompt(), ["Ctrl-D: this shell ends."])
    exactly(session, "exit without a number", "exit now",
            "'now' is no number. Usage: exit [STATUS]")


def keyboard(session):
    """The same machine by its PS/2 keyboard."""
    def line(what, keys, wanted):
        session.press(*keys.split(), "ret")
        equal(f"keyboard: {what}", session.wait_prompt(), [wanted])
        session.look(f"keyboard: {what}")

    line("letters and blanks", "e c h o spc a spc spc b", "a b")
    line("shift", "e c h o spc shift-a b shift-1 shift-apostrophe spc spc c shift-apostrophe",
         "Ab!  c")
    line("caps lock", "e c h o spc caps_lock a shift-b 1 caps_lock c", "Ab1c")
    line("left and right", "e c h o spc a c left b right d", "abcd")
    line("home, end, delete", "x e c h o spc b home delete end c", "bc")
    line("backspace", "e c h o spc a x backspace b", "ab")
    line("up and down", "up up down", "ab")
    line("ctrl-U", "x ctrl-u e c h o spc a", "a")
    line("the 102nd key", "e c h o spc shift-apostrophe less shift-less shift-apostrophe", "\\|")
    session.spin(session.press, [*"s p i n spc l".split(), "ret"])
    session.press("ctrl-c")
    equal("keyboard: ctrl-C ends the program in front", session.wait_prompt(),
          ["spinning", "^C", "spin was interrupted."])
    session.machine.press("ctrl-backslash")  # the shell's own family does not end
    session.spin(session.press, [*"s p i n spc l".split(), "ret"])
    session.press("ctrl-backslash")
    equal("keyboard: ctrl-\\ ends the program in front, not the shell", session.wait_prompt(),
          ["spinning", "^\\", "spin was ended, and all that it had started."])


def clear(session):
    session.type("clear\r")
    wait_for(lambda: [row for row in session.machine.screen() if row] == [PROMPT.rstrip()],
             "a screen with the prompt alone")
    test("clear: an empty screen", None)
    session.wait_prompt()


def whole_session(image, folder):
    with Machine(image, folder) as machine:
        session = Session(machine)
        for part in (programs, names_and_quotes, folders, filters, pipes_and_files, statuses, background, editing, utf8,
                     long_lines, history, pastes, inner_shell, keyboard, clear):
            part(session)
        machine.send("exit\r")
        equal("exit ends the machine", machine.status(), SUCCESS)


def exit_status(image, folder):
    with Machine(image, folder) as machine:
        Session(machine)
        machine.send("exit 3\r")
        equal("exit 3 ends the machine with a status of its own", machine.status(), FAILURE)
        test("the kernel prints init's status",
             None if machine.says("init exited with status 3") else machine.console)


def end_of_input(image, folder):
    with Machine(image, folder) as machine:
        Session(machine)
        machine.send("\4")
        equal("ctrl-D at the first shell's prompt ends the machine", machine.status(), SUCCESS)
        test("and says so", None if machine.says("Ctrl-D: the first shell ends, and the machine "
                                                 "with it.") else machine.console)


def on_image(image, name):
    """What another's program finds in the image's volume; None: no such file."""
    found = subprocess.run(["mcopy", "-n", "-i", image + "@@1M", "::" + name, "-"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"}, check=False)
    return found.stdout.decode("latin-1") if found.returncode == 0 else None


def ends_with_files(image, folder):
    """What was written is on the disk, whichever way the machine ends, and the volume is unmounted."""
    def exit_shell(machine):
        machine.send("exit\r")

    def end_input(machine):
        machine.send("\4")

    def press(machine):
        machine.press("ctrl-alt-delete")

    def shut_down(machine):
        machine.send("shutdown\r")

    def reboot(machine):
        machine.send("reboot\r")

    for way, end in (("exit", exit_shell), ("ctrl-D", end_input), ("ctrl-alt-del", press),
                     ("shutdown", shut_down), ("reboot", reboot)):
        copy = os.path.join(folder, f"{way}.bin")
        own = os.path.join(folder, way)
        os.mkdir(own)
        shutil.copyfile(image, copy)
        with Machine(copy, own, "-drive", f"file={copy.replace(',', ',,')},format=raw,if=ide") as machine:
            session = Session(machine)
            exactly(session, way, f"echo by {way} > kept.txt; mkdir kept; cp text.txt kept/a-long-name.text")
            session.run("echo mine > open.txt; cat >> open.txt &")
            session.run("spin | tee other.txt &")
            end(machine)
            machine.status()
        equal(f"{way}: a file that was written is on the disk", on_image(copy, "kept.txt"), f"by {way}\n")
        equal(f"{way}: so is one in a new folder", on_image(copy, "kept/a-long-name.text"),
              "A line.\nOne more line.\n")
        equal(f"{way}: so is one that a program has open", on_image(copy, "open.txt"), "mine\n")
        test(f"{way}: the volume is unmounted", "it is marked as in use" if keep_disk.is_in_use(copy) else None)
        with open(copy, "rb") as disk, open(copy + ".volume", "wb") as volume:
            disk.seek(1 << 20)
            shutil.copyfileobj(disk, volume)
        checked = subprocess.run(["fsck.fat", "-n", copy + ".volume"], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
        test(f"{way}: fsck.fat finds nothing", None if checked.returncode == 0 else checked.stdout)


def power_cut(image, folder):
    """A file that takes another's name has its contents on the disk before; the volume can be used again."""
    copy = os.path.join(folder, "cut.bin")
    disk = ("-drive", f"file={copy.replace(',', ',,')},format=raw,if=ide")
    contents = "new contents before the name"
    shutil.copyfile(image, copy)
    for run in range(2):
        own = os.path.join(folder, str(run))
        os.mkdir(own)
        with Machine(copy, own, *disk) as machine:
            session = Session(machine)
            if run == 0:
                session.run("echo old > old.txt; sync; A=contents; echo new $A before the name > new.txt")
                exactly(session, "a file takes another's name", "mv new.txt old.txt; cat old.txt", contents)
                machine.monitor.execute("quit")
                machine.status()
                with open(copy, "rb") as file:
                    test("its contents are on the disk", None if contents.encode() in file.read() else "they are not")
            else:
                rows = session.run("cat old.txt")
                test("after a power cut the name has the one file or the other",
                     None if rows in (["old"], [contents]) else rows)
                exactly(session, "after a power cut the volume is written", "echo a > a.txt; cat a.txt", "a")


def first_script(image, folder):
    """The first shell runs it before it asks; a second shell does not."""
    copy = os.path.join(folder, "script.bin")
    shutil.copyfile(image, copy)
    with Machine(copy, folder, "-drive", f"file={copy.replace(',', ',,')},format=raw,if=ide") as machine:
        Session(machine).run("echo 'echo it runs; cd /tmp' > init.sh")
        machine.send("exit\r")
        machine.status()
    own = os.path.join(folder, "again")
    os.mkdir(own)
    with Machine(copy, own) as machine:
        session = Session(machine)
        test("a script that runs at the start", None if machine.says("it runs") else machine.console)
        exactly(session, "and what it does to the shell", "pwd; shell -c pwd", "/tmp", "/tmp")


def restart(image, folder):
    """QEMU ends at a reset (-no-reboot): without the exit device, by that alone."""
    with Machine(image, folder, exit_device=False) as machine:
        session = Session(machine)
        session.spin(session.type, ["spin loud\r"])
        machine.press("ctrl-alt-delete")
        equal("ctrl-alt-del restarts the machine, with a program in front", machine.status(), 0)
        test("and says so", None if machine.says("Ctrl-Alt-Del: the machine restarts.")
             else machine.console)


def no_keyboard(image, folder):
    with Machine(image, folder, "-machine", "pc,i8042=off") as machine:
        session = Session(machine)
        exactly(session, "no keyboard", "echo over the serial line", "over the serial line")


def no_serial_line(image, folder):
    with Machine(image, folder, "-serial", "none", serial=False) as machine:
        wait_for(lambda: PROMPT.rstrip() in machine.screen(), "the prompt on the screen")
        for key in "e c h o spc s c r e e n ret".split():
            before = machine.screen()
            machine.press(key)
            wait_for(lambda: key == "spc" or machine.screen() != before, f"what {key} does")
        wait_for(lambda: machine.screen().count(PROMPT.rstrip()) == 1 and
                 "screen" in machine.screen(), "the answer on the screen")
        test("no serial line: a command typed on the keyboard", None)
        machine.press(*"e x i t ret".split())
        equal("no serial line: exit", machine.status(), SUCCESS)


def all_sessions():
    started = [f"bin/programs/tests/{name}.elf" for name in ("spin", "ends", "large")]
    suite.make("bin/os.bin", *started)
    with tempfile.TemporaryDirectory() as folder:
        script = (b"# A comment.\necho \"$# words:\" $1 $2\necho in a pipe | cat\n\n"
                  b"ends 3 && echo not\necho ends here; ends $#3\n")
        files = {"script.sh": script, "text.txt": b"A line.\nOne more line.\n", "in.txt": b"inside\n",
                 "bytes.bin": BYTES}
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        names = [f"bin/programs/{name}.elf" for name in bundled_programs()]
        on_disk = [*names, *started, f"{folder}/text.txt", f"{folder}/script.sh", f"{folder}/bytes.bin",
                   f"{folder}/in.txt=dir/in.txt"]
        image = os.path.join(folder, "shell.bin")
        suite.make("image", "INIT=bin/programs/shell.elf", f"FILES={' '.join(on_disk)}", f"IMAGE={image}")
        for part, disk in ((whole_session, image), (exit_status, suite.image("os.bin")),
                           (end_of_input, suite.image("os.bin")),
                           (ends_with_files, image),
                           (power_cut, image),
                           (first_script, image),
                           (restart, image),
                           (no_keyboard, suite.image("os.bin")),
                           (no_serial_line, suite.image("os.bin"))):
            own = os.path.join(folder, part.__name__)
            os.mkdir(own)
            part(disk, own)


def main():
    suite.for_each_arch(all_sessions)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
