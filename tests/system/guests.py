"""For the suites that run programs with newlib: building images, running
tests/programs/guests/runner.c on them, and taking apart what it says."""

import os
import re
import subprocess

import suite
from suite import test

GUESTS = "bin/programs/guests"
RUNNER = "bin/programs/tests/runner.elf"
SECONDS = suite.SECONDS


def equal(name, found, wanted):
    return test(name, None if found == wanted else f"{found!r}, not {wanted!r}")


def same_lines(name, found, wanted):
    """The first line that differs is what is reported."""
    found, wanted = found.split("\n"), wanted.split("\n")
    for number, (line, should) in enumerate(zip(found, wanted), 1):
        if line != should:
            return test(name, f"line {number} is {line!r}, not {should!r}")
    return test(name, None if len(found) == len(wanted) else
                f"{len(found)} lines, not {len(wanted)}; the last is {found[-1]!r}")


def native(path):
    """Of a program or another product that is named as i386 has it: the one of the kernel's own kind."""
    return re.sub(r"^bin(?=/)", suite.arch().folders["bin"], path)


def make(*targets):
    """All of make's output is shown when it fails."""
    targets = [native(target) for target in targets]
    result = subprocess.run(["make", "-s", "-j2", f"ARCH={suite.arch().name}", *targets], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout)
        raise SystemExit(f"make {' '.join(targets)} ... FAIL: status {result.returncode}")


def image(folder, init, files):
    path = os.path.join(folder, "guests.bin")
    files = [native(file) for file in files]
    make("image", f"INIT={native(init)}", f"FILES={' '.join(files)}", f"IMAGE={path}")
    return path


def boot(path, *arguments):
    """What the console says after the kernel's own lines, and run_qemu.sh's status."""
    result = subprocess.run(["tests/run_qemu.sh", path, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False,
                            env={**os.environ, "TIMEOUT_S": str(SECONDS)})
    console = result.stdout.decode("latin-1").replace("\r", "")
    return console.split("\nFile system", 1)[-1].split("\n", 1)[-1], result.returncode


class Ran:
    """One line of run.txt: output, statuses, and whether its memory came back."""

    def __init__(self, text):
        self.output = re.sub(r"\[status -?\d+\]\n|\[memory.*\]\n|\[end\]\n", "", text)
        self.statuses = [int(status) for status in re.findall(r"\[status (-?\d+)\]\n", text)]
        self.is_memory_back = text.count("[memory is back]\n") == 1 and "[memory:" not in text


def run(folder, lines, files, *arguments):
    """Runs the lines one after the other on one machine: {line: Ran}."""
    script = os.path.join(folder, "run.txt")
    with open(script, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    console, status = boot(image(folder, RUNNER, [script, *files]), *arguments)
    parts, rest = {}, console
    for line, next_line in zip(lines, [*lines[1:], None]):
        before, found, rest = rest.partition(f"[{line}]\n")
        if not found:
            test(line, f"it was not run: {before[-500:]}")
            return parts
        text = rest.split(f"[{next_line}]\n")[0] if next_line else rest.split("[end]\n")[0]
        parts[line] = Ran(text)
    test("all lines were run", None if "[end]\n" in rest and status == 0 else
         f"status {status}, the end is {console[-500:]!r}")
    return parts


def check(ran, line, status, output=None):
    """A line of run.txt ended with that status (and said that), and left no memory behind."""
    found = ran.get(line)
    if not found:
        return test(line, "it was not run")
    if found.statuses != [status]:
        return test(line, f"statuses {found.statuses}, not {status}: {found.output[-500:]}")
    if not found.is_memory_back:
        return test(line, "its memory did not come back")
    if output is not None and not re.fullmatch(output, found.output):
        return test(line, f"it said {found.output!r}, not {output!r}")
    return test(line)
