#!/usr/bin/env python3
"""What make and build.sh do with what they are given: sentences before anything is built, no device
overwritten, whole results from what is left of an older build, and folders with spaces.

All of it happens in a copy of the tree, in a folder with a difficult name.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from suite import test

IMAGES = ("boot.bin", "kernel.bin", "os.bin")
HELLO = "#include <stdio.h>\nint main(void)\n{\n    puts(\"Hello from afar.\");\n    return 0;\n}\n"
UNUSED = "static int nobody_needs_this;\n"  # gcc: -Wunused-variable
TWICE = "%define wide 1\n    db 0x1234 * wide\n"  # nasm: a byte that does not fit


def run(command, folder=None, **environment):
    """(status, all that it said)"""
    made = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=suite.SECONDS,
                          env={**os.environ, "WERROR": "0", **environment})
    return made.returncode, made.stdout.decode("utf-8", "replace").replace("\r", "")


class Tree:
    """A copy of the sources to build in."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(".", folder, ignore=shutil.ignore_patterns("bin", "build", ".git"))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self, *arguments, jobs=None, **environment):
        return run(["make", "-s", f"-j{jobs or os.cpu_count()}", *arguments], self.folder, **environment)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path("bin", name), "rb") as file:
            return file.read()

    def images(self):
        return {name: self.read(name) for name in IMAGES}

    def files_on_disk(self):
        """The names in bin/os.bin's root directory."""
        said = run(["mdir", "-b", "-i", self.path("bin/os.bin") + "@@1M"], MTOOLS_SKIP_CHECK="1")[1]
        return sorted(line.strip("/:").lower() for line in said.split("\n") if line)

    def holds_nothing(self):
        """Has nothing been built yet?"""
        return not os.path.exists(self.path("bin")) and not os.path.exists(self.path("build/release"))


def good(made, *words):
    """Why this was no silent success, or one with these words; or None."""
    status, said = made
    if status == 0 and (all(word in said for word in words) if words else not said):
        return None
    return f"status {status}: {said}"


def refused(made, *words):
    """Why this was not refused in these words, or None."""
    status, said = made
    return None if status != 0 and all(word in said for word in words) else f"status {status}: {said}"


# ---------------------------------------------------------------- before anything is built

def own_images():
    """The images that the makefiles have a rule for."""
    rules = "".join(suite.read(path) for path in ("make/images.mk", "programs/newlib/newlib.mk"))
    found = re.findall(r"^\$\(BIN\)/([\w-]+\.bin):(?:.*\\\n)*.*\n\t@\$\(MKIMAGE\)", rules, re.MULTILINE)
    return ["bin/" + name for name in found] + ["./bin/../bin/os.bin"]


def wrong_requests(tree):
    """Refused in a sentence, and nothing is built for it."""
    tree.write("empty/readme.txt", "no program\n")
    tree.write("prog.c", HELLO)
    for arguments, *words in (
            (["run", "MEMORY=abc"], "MEMORY=abc", "number of MiB"),
            (["run", "MEMORY=0"], "MEMORY=0", "number of MiB"),
            (["run", "MEMORY=12'8"], "number of MiB"),
            (["run", "DISK=no such.bin"], "DISK=no such.bin", "there is no such file"),
            (["run", "DISK=nowhere.bin"], "DISK=nowhere.bin", "there is no such file"),
            (["all", "DEBUG_HEAP=yes"], "DEBUG_HEAP=yes", "1 or 0"),
            (["all", "WERROR=on"], "WERROR=on", "1 or 0"),
            (["all", "ARCH=arm"], "ARCH=arm", "i386 or x86_64"),
            (["image"], "usage: make image"),
            (["image", "INIT=prog.c"], "usage: make image"),
            (["image", "INIT=nowhere.elf", "IMAGE=x.bin"], "cannot read nowhere.elf"),
            (["image", "INIT=prog.c", "IMAGE=x.bin"], "prog.c cannot be init", "no ELF file"),
            (["image", "INIT=prog.c", "IMAGE=/dev/null"], "/dev/null", "it is a device"),
            (["image", "INIT=prog.c", "IMAGE=bin/kernel.bin"], "bin/kernel.bin", "made of that file"),
            *((["image", "INIT=nowhere.elf", f"IMAGE={name}"], f"cannot write {name}", "one of make's own images")
              for name in own_images()),
            (["image", "INIT=nowhere.elf", "FILES=prog.c=..//y", "IMAGE=x.bin"],
             "'..' in '..//y' is no name", "behind the ="),
            (["program"], "SRC=file.c or SRC=folder is missing", "usage: make program"),
            (["program", "SRC=nowhere.c", "OUT=x.elf"], "SRC=nowhere.c", "no such file"),
            (["program", "SRC=empty", "OUT=x.elf"], "SRC=empty", "no .c file"),
            (["program", "SRC=Makefile", "OUT=x.elf"], "SRC=Makefile", "neither a .c file nor a folder"),
            (["program", "SRC=prog.c"], "OUT=", "must end with .elf"),
            (["program", "SRC=prog.c", "OUT=x"], "OUT=x", "must end with .elf"),
            (["program", "SRC=prog.c", "OUT=empty/../src.elf"], "OUT=", "no ordinary file"),
            (["usb"], "usage: make usb DEV=/dev/sdX"),
            (["usb", "DEV=/dev/no such"], "there is no /dev/no such")):
        if "no ordinary file" in words:
            os.makedirs(tree.path("src.elf"), exist_ok=True)
        made = tree.make(*arguments)
        why = refused(made, *words)
        if not why and ("Traceback" in made[1] or not tree.holds_nothing()):
            why = f"something was built: {made[1]}"
        test(f"refused at once: make {' '.join(arguments)}", why)


def no_window(tree):
    """A QEMU without windows would wait for a connection by VNC."""
    tree.write("qemu", "#!/bin/sh\necho 'Available display backend types:'\necho none\n")
    os.chmod(tree.path("qemu"), 0o755)
    test("make run-gui names the package of QEMU's window",
         refused(tree.make("run-gui", "DISK=prog.c", "QEMU=./qemu"), "qemu-system-gui"))


# ---------------------------------------------------------------- building

def build(tree):
    """The tree's folder has a space, a quote and a comma in its name."""
    test("builds in a folder with a space in its name", good(tree.make("all", "bin/hello.bin")))
    for name in IMAGES:
        with open(f"bin/{name}", "rb") as file:
            test(f"bin/{name} is the same in a folder with a space",
                 None if file.read() == tree.read(name) else "it differs")


def names_with_spaces(tree):
    shutil.copy(tree.path("bin/programs/hello.elf"), tree.path("in it.elf"))
    tree.write("a b/some text.txt", "text\n")
    image = "a b/the, image.bin"
    why = good(tree.make("image", "INIT=in it.elf", "FILES='a b/some text.txt=text.txt' prog.c",
                         f"IMAGE={image}"))
    test("make image takes names with spaces and commas", why)
    status, console = suite.boot(tree.path(image))
    test("... and the image boots", None if status == 0 else f"status {status}: {console}")
    test("make run takes such a DISK", good(tree.make("run", f"DISK={image}"),
                                            "init exited with status 0"))


def part_of_a_build(tree):
    """Each file that was removed is made again by make, and is the same."""
    before = tree.images()
    for jobs, names in ((2, ("build/generated", "bin", "build")), (1, ("bin", "bin/programs", "bin/kernel.elf",
                                                                       "bin/boot.bin"))):
        for gone in names:
            if os.path.isdir(tree.path(gone)):
                shutil.rmtree(tree.path(gone))
            else:
                os.remove(tree.path(gone))
            why = good(tree.make("all", jobs=jobs))
            if not why and tree.images() != before:
                why = "the images differ"
            test(f"make -j{jobs} after rm -rf {gone}", why)


def devices(tree):
    """As root, make would write to what lies behind the link."""
    os.rename(tree.path("bin/boot.bin"), tree.path("boot.bin"))
    os.symlink("/dev/null", tree.path("bin/boot.bin"))
    test("a link to a device in an output's place is refused",
         refused(tree.make("all"), "bin/boot.bin is a device or a link to one", "make usb"))
    os.remove(tree.path("bin/boot.bin"))
    os.rename(tree.path("boot.bin"), tree.path("bin/boot.bin"))


def programs_come_and_go(tree):
    before = tree.files_on_disk()
    tree.write("programs/newone/main.c", "int main(void) { return 0; }\n")
    why = good(tree.make("bin/os.bin"))
    if not why and "newone.elf" not in tree.files_on_disk():
        why = f"{tree.files_on_disk()}"
    test("a new program folder is on the disk", why)
    shutil.rmtree(tree.path("programs/newone"))
    why = good(tree.make("bin/os.bin"))
    if not why and tree.files_on_disk() != before:
        why = f"{tree.files_on_disk()}"
    test("a removed program folder is not on the disk any more", why)

    tree.write("programs/files/more.txt", "more\n")
    tree.make("bin/os.bin")
    has_more = "more.txt" in tree.files_on_disk()
    os.remove(tree.path("programs/files/more.txt"))
    tree.make("bin/os.bin")
    test("a file of programs/files/ comes and goes",
         None if has_more and tree.files_on_disk() == before else f"{tree.files_on_disk()}")

    os.mkdir(tree.path("programs/void"))
    test("a folder without sources is named",
         good(tree.make("bin/os.bin"), "programs/void/ has no .c and no .asm file"))
    os.rmdir(tree.path("programs/void"))
    for name in ("ninechars", "a b", "x.y"):
        tree.write(f"programs/{name}/main.c", "int main(void) { return 0; }\n")
        test(f"a program that the disk cannot name is refused: {name}",
             refused(tree.make("bin/os.bin"), f"programs/{name}/", "rename the folder"))
        shutil.rmtree(tree.path(f"programs/{name}"))


def removed_source(tree):
    """What a removed file has defined is gone, rather than linked from an old object."""
    before = tree.images()
    tree.write("src/lib/extra.c", "int extra(void);\nint extra(void)\n{\n    return 1;\n}\n")
    why = good(tree.make("all"))
    if not why and tree.images() == before:
        why = "a new source changes nothing"
    os.remove(tree.path("src/lib/extra.c"))
    why = why or good(tree.make("all"))
    if not why and tree.images() != before:
        why = "a removed source is still linked"
    test("a removed source leaves the kernel", why)


def warnings(tree):
    for name, text, kept in (("src/lib/format.c", UNUSED, None), ("src/arch/i386/switch.asm", TWICE, None)):
        with open(tree.path(name), encoding="utf-8") as file:
            kept = file.read()
        tree.write(name, kept + text)
        test(f"a warning does not end the build: {name}", good(tree.make("bin/kernel.elf"), "warning"))
        test(f"with WERROR=1 it does: {name}", refused(tree.make("bin/kernel.elf", "WERROR=1"), "error"))
        tree.write(name, kept)


def sdk_program(tree):
    """One file and a folder, by names with spaces."""
    subprocess.run(["make", "-s", "sdk"], check=True)
    shutil.copytree("build/sdk", tree.path("build/sdk"), dirs_exist_ok=True, copy_function=shutil.copy2)
    tree.write("my prog/main.c", HELLO)
    for source, out in (("my prog/main.c", "my prog/one file.elf"), ("my prog", "my prog/folder.elf")):
        why = good(tree.make("program", f"SRC={source}", f"OUT={out}"))
        why = why or good(tree.make("image", f"INIT={out}", "IMAGE=my prog/image.bin"))
        if not why:
            status, console = suite.boot(tree.path("my prog/image.bin"))
            why = None if status == 0 and "Hello from afar." in console else f"{status}: {console}"
        test(f"make program SRC={source}: no word, and it runs", why)


# ---------------------------------------------------------------- build.sh

def build_sh(folder):
    """On a system of fakes: nothing is installed, and somebody who is not root."""
    tools = os.path.join(folder, "tools")
    os.makedirs(tools)
    called = os.path.join(folder, "called")

    def tool(name, script):
        path = os.path.join(tools, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\necho {name} \"$@\" >>'{called}'\n{script}\n")
        os.chmod(path, 0o755)

    def calls():
        with open(called, encoding="ascii") as file:
            return file.read()

    tool("id", "echo 1000")
    tool("dpkg-query", "echo not-installed")
    tool("apt-get", "echo 'Need to get 12.3 MB of archives.'\n"
                    "echo 'After this operation, 45.6 MB of additional disk space will be used.'")
    tool("sudo", "echo 'somebody is not in the sudoers file.' >&2; exit 1")
    path = tools + ":" + os.environ["PATH"]
    made = run(["./build.sh", "deps"], PATH=path)
    why = refused(made, "packages are missing: make gcc", "12.3 MB to fetch, 45.6 MB on the disk",
                  "not in the sudoers file", "sudo has refused", "Nothing was installed")
    if not why and ("update" in calls() or "adding" in made[1] or "installing" in made[1]):
        why = f"it went on: {made[1]}\n{calls()}"
    test("build.sh: refused sudo is the reason, and nothing was announced before", why)

    tool("apt-get", "case $1 in install) exit 100 ;; esac")
    made = run(["./build.sh", "run"], PATH=path)
    test("build.sh: says how much at most, where apt does not know", refused(made, "up to 0.4 GB"))

    os.remove(os.path.join(tools, "sudo"))
    for name in ("bash", "dirname", "sed", "grep", "tr", "env", "nproc", "npm"):
        if not os.path.exists(os.path.join(tools, name)) and shutil.which(name):
            os.symlink(shutil.which(name), os.path.join(tools, name))
    made = run(["./build.sh", "run"], PATH=tools)
    test("build.sh: neither root nor sudo", refused(made, "sudo is not installed", "run this as root"))
    test("build.sh: an unknown command", refused(run(["./build.sh", "walk"]), "unknown command 'walk'"))


def fresh_debian():
    """Whole systems are built on demand; here, only what it refuses."""
    script = "tests/fresh_debian.sh"
    test("fresh_debian.sh --help", good(run([script, "--help"]), "usage: tests/fresh_debian.sh", "--copy"))
    for arguments, word in (([], "which system?"), (["11"], "'11' is none of"), (["12", "13"], "one system"),
                            (["--dir"], "--dir wants a value"), (["--fast", "12"], "unknown option"),
                            (["--only", "walk", "12"], "--only takes"),
                            (["--copy", "/no/file", "12"], "/no/file does not exist"),
                            (["--dir", suite.ROOT + "/build/x", "12"], "lies in the repository")):
        made = run([script, *arguments])
        why = refused(made, word)
        if why and os.geteuid() != 0 and arguments[:1] in (["--copy"], ["--dir"]):
            why = refused(made, "root is needed")
        test(f"fresh_debian.sh {' '.join(arguments).replace(suite.ROOT + '/', '')}: a sentence", why)


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(os.path.join(folder, "it's a, tree"))
        wrong_requests(tree)
        no_window(tree)
        build(tree)
        names_with_spaces(tree)
        part_of_a_build(tree)
        devices(tree)
        programs_come_and_go(tree)
        removed_source(tree)
        warnings(tree)
        sdk_program(tree)
        build_sh(os.path.join(folder, "fakes"))
    fresh_debian()
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
