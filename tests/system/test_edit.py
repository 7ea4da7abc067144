#!/usr/bin/env python3
"""The editor, as somebody at the keyboard uses it: what the screen shows, and what is in the file then."""

import os
import shutil
import sys
import tempfile

import suite
from suite import test
from machine import COLUMNS, Machine, wait_for
from test_shell import on_image

BAR, HELP = 22, 23  # rows
CTRL = {letter: chr(ord(letter) - 64) for letter in "CFKOQSUX"}
UP, DOWN, RIGHT, LEFT, HOME, END, DELETE, PAGE_UP, PAGE_DOWN = (
    "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~", "\x1b[5~", "\x1b[6~")


class Editor:
    def __init__(self, machine):
        self.machine = machine

    def screen(self):
        return [row.encode("latin-1").decode("cp437") for row in self.machine.screen()]

    def shows(self, name, keys, rows, bar=None):
        """Types keys: then the screen's first rows are these, and the bar begins so."""
        def is_so():
            screen = self.screen()
            return len(screen) > BAR and screen[:len(rows)] == rows and (not bar or screen[BAR].startswith(bar))
        self.machine.send(keys.encode().decode("latin-1"))
        try:
            wait_for(is_so, "it")
            test(name)
        except SystemExit:
            test(name, f"not {rows} and {bar!r}, but {self.screen()}")
            raise

    def ends(self, name, keys):
        """Types keys: then the shell's prompt is all that the screen shows."""
        self.machine.send(keys.encode().decode("latin-1"))
        wait_for(lambda: [row for row in self.machine.screen() if row] == ["drupe>"], f"{name}: the prompt")
        test(name)

    def command(self, line, row):
        self.machine.send(line + "\r")
        wait_for(lambda: row in self.machine.screen(), f"{row!r} after {line}")
        test(f"{line}: {row}")


def new_file(editor):
    editor.shows("a new file", "edit 'a new file.txt'\r", ["", *["~"] * 21], "A new file.")
    editor.shows("text", "one\rtwo\r\tthree", ["one", "two", "        three", "~"],
                 "line 3 of 3  a new file.txt  (changed)")
    editor.shows("arrows, and a character in the middle", UP + UP + END + "!" + HOME + "<", ["<one!", "two"],
                 "line 1 of 3")
    editor.shows("rubbing out a line's end", DOWN + HOME + "\b", ["<one!two", "        three", "~"], "line 1 of 2")
    editor.shows("and making it again", "\r", ["<one!", "two", "        three", "~"], "line 2 of 3")
    editor.shows("delete", HOME + DELETE + "T" + END + DELETE, ["<one!", "Two\tthree".expandtabs(), "~"], "line 2 of 2")
    editor.shows("letters of other languages", "é→\b", ["<one!", "Twoé    three", "~"])
    editor.shows("ctrl-C ends nothing", CTRL["C"], ["<one!"], "Ctrl-Q quits.")
    editor.shows("lines that are cut, and put back twice", CTRL["K"] * 2 + CTRL["U"] * 2,
                 ["Twoé    three", "<one!"] * 2 + ["", "~"], "line 5 of 5")
    editor.shows("saving", CTRL["S"], [], "Saved.")
    editor.ends("quitting", CTRL["Q"])


def large_file(editor):
    lines = [f"line {i} of many" for i in range(1000)]
    editor.shows("a file of 1,000 lines", "edit many.txt\r", lines[:22], "line 1 of 1001  many.txt")
    editor.shows("page down", PAGE_DOWN * 2, lines[33:55], "line 45 of 1001")
    editor.shows("down, at the window's end", DOWN * 12, lines[35:57], "line 57 of 1001")
    editor.shows("page up, beyond the start", PAGE_UP * 20, lines[:22], "line 1 of")
    editor.shows("a text that is searched for", CTRL["F"] + "777\r", lines[766:788], "line 778 of")
    editor.shows("again, with ctrl-F and Enter: from the top", CTRL["F"] + "9 of\r" + CTRL["F"] + "\r", lines[778:800],
                 "line 790 of")
    editor.shows("what is not there", CTRL["F"] + "nobody\r", [], "That is not in the text.")
    editor.shows("a line that is longer than the screen", PAGE_DOWN * 100 + "x" * 100 + "end", [], "line 1001 of 1001")
    wait_for(lambda: any(row.endswith("end") and len(row) < COLUMNS for row in editor.machine.screen()), "its end")
    editor.shows("changes that are not to be saved", CTRL["X"], [], "Save what was changed? y, n, or ctrl-C to go on:")
    editor.shows("or are they", CTRL["C"] + HOME, [], "line 1001 of 1001  many.txt  (changed)")
    editor.ends("they are not", CTRL["X"] + "n")


def others(editor):
    editor.command("edit", "Usage: edit FILE")
    editor.command("edit dir", "edit: 'dir' cannot be edited: it is a folder.")
    editor.command("edit /dev/null", "edit: '/dev/null' cannot be edited: it is not of the right format.")
    editor.command("echo a | edit x", "edit: it needs the screen and the keyboard, no pipe or file.")
    editor.machine.send("clear\r")
    editor.shows("line feeds of DOS", "edit dos.txt\r", ["a", "b", "", "~"], "line 1 of 3")
    editor.ends("are kept", "x\r" + CTRL["O"] + CTRL["X"])
    editor.shows("a file that cannot be written", "edit nowhere/x.txt\r" + "a" + CTRL["S"], ["a"],
                 "The file cannot be written: no such file or folder.")
    editor.ends("is given up", CTRL["Q"] + "n")
    editor.shows("keys of the keyboard", "edit k.txt\r", [""], "A new file.")
    for key, row in (("shift-a", "A"), ("b", "Ab"), ("left", "Ab"), ("c", "Acb"), ("end", "Acb"), ("backspace", "Ac")):
        editor.machine.press(key)
        wait_for(lambda: editor.machine.screen()[0] == row, f"{row!r} after {key}")
    test("keys of the keyboard do the same")
    editor.machine.press("ctrl-q", "y")
    wait_for(lambda: [row for row in editor.machine.screen() if row] == ["drupe>"], "the prompt")


def all_files():
    suite.make("bin/os.bin")
    with tempfile.TemporaryDirectory() as folder:
        files = {"many.txt": "".join(f"line {i} of many\n" for i in range(1000)), "dos.txt": "a\r\nb\r\n",
                 "in.txt": "in\n"}
        for name, content in files.items():
            with open(os.path.join(folder, name), "w", encoding="ascii", newline="") as file:
                file.write(content)
        image = os.path.join(folder, "edit.bin")
        programs = [f"bin/programs/{name}.elf" for name in ("edit", "echo")]
        suite.make("image", "INIT=bin/programs/shell.elf", f"IMAGE={image}",
                   f"FILES={' '.join([*programs, *(f'{folder}/{name}' for name in ('many.txt', 'dos.txt'))])}"
                   f" {folder}/in.txt=dir/in.txt")
        copy = os.path.join(folder, "copy.bin")
        shutil.copyfile(image, copy)
        with Machine(copy, folder, "-drive", f"file={copy.replace(',', ',,')},format=raw,if=ide") as machine:
            wait_for(lambda: "drupe>" in machine.screen(), "the prompt")
            machine.send("clear\r")
            editor = Editor(machine)
            for part in (new_file, large_file, others):
                part(editor)
            machine.send("exit\r")
            machine.status()
        for name, wanted in (("a new file.txt", "Twoé\tthree\n<one!\n" * 2), ("many.txt", files["many.txt"]),
                             ("dos.txt", "x\r\na\r\nb\r\n"), ("k.txt", "Ac\n")):
            found = on_image(copy, name)
            found = found.encode("latin-1").decode("utf-8") if found is not None else None
            test(f"{name} is what was saved", None if found == wanted else f"{found!r}, not {wanted!r}")


def main():
    suite.for_each_arch(all_files)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
