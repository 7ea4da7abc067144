"""What the suites of this folder share. Each is a script that prints a line for each test.

Importing this goes to the project's root, and lets the modules of tools/ be imported.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(ROOT)
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

SECONDS = 600  # each start of an emulator, each command: detects hangs only

# make check-all: what takes too long for every run. Without it, suites run a part that says the same.
IS_ALL = os.environ.get("CHECK_ALL") == "1"

FAILED = []


class Arch:
    """One of the two kernels: what a suite that looks at both must know of it. program_bits: of the programs that
    are to run on it."""

    def __init__(self, name, bits, bin_folder, build_folder, pc, program_bits=32):
        self.name, self.bits, self.pc, self.program_bits = name, bits, pc, program_bits
        self.folders = {"bin": bin_folder, "build": build_folder}
        # Before a test's name: those of the i386 kernel, the default, have none.
        self.prefix = ("" if bits == 32 else f"{name}: ") + ("" if program_bits == 32 else "ELF64: ")

    def path(self, path):
        """Of a product that is named as i386 has it, or by its own path. 32-bit programs are the same files for both
        kernels."""
        if self.program_bits == 32 and path.startswith("bin/programs/"):
            return path
        return re.sub(r"^(?:bin|build)(?=/(?!x86_64/))", lambda found: self.folders[found[0]], path)

    def address(self, number):
        """As the kernel prints one."""
        return f"{number:0{self.bits // 4}x}"


I386 = Arch("i386", 32, "bin", "build", "eip")
X86_64 = Arch("x86_64", 64, "bin/x86_64", "build/x86_64", "rip")
# The x86_64 kernel, with programs of its own word size.
X86_64_ELF64 = Arch("x86_64", 64, "bin/x86_64", "build/x86_64", "rip", program_bits=64)


def wanted(kernels):
    """TEST_ARCH=x86_64 tests/run.py NAME: that kernel alone."""
    return tuple(kernel for kernel in kernels if os.environ.get("TEST_ARCH", kernel.name) == kernel.name)


ARCHS = wanted((I386, X86_64))
# For suites of programs: each kernel with each kind of program that it runs.
PROGRAM_KINDS = wanted((I386, X86_64, X86_64_ELF64))
ARCH = [I386]  # the last one is looked at now


def arch():
    """The kernel that is looked at now."""
    return ARCH[-1]


def for_each_arch(function, archs=ARCHS):
    """Calls it while each kernel in turn is the one that is looked at."""
    for kernel in archs:
        ARCH.append(kernel)
        function()
        ARCH.pop()


def image(name):
    """The path of os.bin, test.bin and so on of that kernel."""
    return arch().path("bin/" + name)


def make(*words):
    """Makes targets for that kernel, named as i386 has them."""
    subprocess.run(["make", "-s", f"ARCH={arch().name}", *map(arch().path, words)], check=True)


def make_image(path, *arguments, is_test_kernel=False):
    """As `make image`, which takes far longer; the arguments are mkimage.py's. Kernel and programs must have been
    made. A sentence when it fails."""
    boot_sector, kernel = "bin/boot.bin", "kernel.bin"
    if is_test_kernel:
        boot_sector, kernel = "build/test/boot.bin", "kernel-test.bin"
    result = subprocess.run([sys.executable, "tools/mkimage.py", "--bits", str(arch().bits),
                             "--boot", arch().path(boot_sector), "--kernel", image(kernel), *arguments,
                             "--output", path],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return f"mkimage.py: {result.stdout.strip()}" if result.returncode != 0 else None


def test(name, why=None):
    """Says how the test went: `why` is what went wrong. True if nothing did."""
    name = arch().prefix + name
    print(f"{name} ... " + (f"FAIL: {why}" if why else "ok"), flush=True)
    if why:
        FAILED.append(name)
    return not why


def status():
    """The script's exit status."""
    return 1 if FAILED else 0


def outcome(function):
    """What function() returns, or the sentence that ended it."""
    try:
        return function()
    except (OSError, SystemExit, ValueError, subprocess.SubprocessError) as error:
        return f"{type(error).__name__}: {error}"


def run_tests(tests):
    """[(name, function that returns what went wrong, or None)]: two at a time, told in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, future in [(name, pool.submit(outcome, function)) for name, function in tests]:
            test(name, future.result())


def read(path):
    """A text of the project."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def unwrap(text):
    """The kernel's sentences, each in one line again (printk_sentence())."""
    return re.sub(r"\n  (?=\S)", " ", text)


def boot(image, *arguments, seconds=SECONDS):
    """Boots to the end. run_qemu.sh's status, and what the console said."""
    # To a file: QEMU writes each byte by itself, and a pipe's reader would be woken for each.
    with tempfile.TemporaryFile() as console:
        status = subprocess.run(["tests/run_qemu.sh", image, *arguments], stdin=subprocess.DEVNULL,
                                stdout=console, stderr=subprocess.STDOUT, check=False,
                                env={**os.environ, "TIMEOUT_S": str(seconds)}).returncode
        console.seek(0)
        return status, console.read().decode("utf-8", "replace").replace("\r", "")
