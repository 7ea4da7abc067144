#!/usr/bin/env python3
"""make bench-linux: what the bench's rows cost on Linux. Boots Debian's own kernel like make bench boots Drupe's.

usage: tools/bench_linux.py [--keep] i386|x86_64
  --keep   also puts the figures where make bench finds them when this has not run: tests/bench/linux.json

The kernel is a package of Debian 12, which apt downloads and checks; it is unpacked below build/linux/, and
nothing is installed. Init is a static program with the rows of tests/bench/rows/ in an initramfs. The figures go to
build/bench-linux-ARCH.json. Then both systems read and write a file from its start to its end, in time.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys

import bench
import fetch_source
from fetch_source import FetchError

RELEASE = "bookworm"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEBIAN = {"i386": ("i386", "linux-image-686"), "x86_64": ("amd64", "linux-image-amd64")}
COMMAND_LINE = "console=ttyS0 quiet panic=-1"
# Linux at its quickest: without what it does against a CPU's faults and a program's curiosity.
BEST = ("mitigations=off init_on_alloc=0 apparmor=0 audit=0 cgroup_disable=memory "
        "randomize_kstack_offset=off")
END = "the last row was measured"
# Time depends on what else the host does: the least of so many boots of each system, in turn.
TIMED_BOOTS = 3
# What reads a FAT volume on QEMU's IDE disk; each with those that it needs.
MODULES = ("ata_piix", "sd_mod", "nls_cp437", "nls_ascii", "vfat")


# ---------------------------------------------------------------- the kernel

def fetch_kernel(arch):
    """The kernel's file, and a name for it. Downloads it when it is not there."""
    folder = os.path.abspath(os.path.join("build/linux", arch))
    kept = os.path.join(folder, "kernel.json")
    if not os.path.exists(kept) or not os.path.isdir(os.path.join(folder, "modules")):
        name = download(folder, *DEBIAN[arch])
        with open(kept, "w", encoding="ascii") as file:
            json.dump(name, file)
    with open(kept, encoding="ascii") as file:
        name, version, package = json.load(file)
    return os.path.join(folder, name), f"Linux {version} ({package})"


def download(folder, architecture, newest):
    """Below folder: the kernel's file. Its name there, the package's version and name."""
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise FetchError(f"{tool} is not here: Linux is measured on Debian and its relatives alone")
    if not os.path.exists(KEYS):
        raise FetchError(f"{KEYS} is missing: the package debian-archive-keyring has it")
    apt = private_apt(folder, architecture)
    print(f"Asking {MIRROR} for Debian's list of packages, about 9 MB ...", flush=True)
    fetch_source.run([*apt, "-o", "APT::Update::Error-Mode=any", "update"], folder)
    meta = describe(apt, newest, folder)
    package = re.search(r"linux-image-\S+", meta["Depends"])[0]
    about = describe(apt, package, folder)
    print(f"Downloading {package} {about['Version']}, {int(about['Size']) / 1e6:.1f} MB; it is unpacked in "
          f"{os.path.relpath(folder)}, and not installed ...", flush=True)
    fetch_source.run([*apt, "download", package], folder)
    archive = next(name for name in os.listdir(folder) if name.startswith(package + "_"))
    fetch_source.run(["dpkg-deb", "-x", archive, "unpacked"], folder)
    kernel = next(name for name in os.listdir(folder + "/unpacked/boot") if name.startswith("vmlinuz-"))
    os.replace(f"{folder}/unpacked/boot/{kernel}", f"{folder}/{kernel}")
    keep_modules(folder + "/unpacked", folder + "/modules")
    shutil.rmtree(folder + "/unpacked")
    os.remove(os.path.join(folder, archive))
    return kernel, about["Version"], package


def keep_modules(unpacked, folder):
    """Into folder: the modules of MODULES and what they need, as 00.ko, 01.ko, ... in the order of their loading."""
    paths = {re.sub(r"-", "_", name[:-3]): os.path.join(place, name)
             for place, _, names in os.walk(unpacked) for name in names if name.endswith(".ko")}
    order = []

    def add(name):
        if name in order or name not in paths:  # those that are not there are in the kernel itself
            return
        with open(paths[name], "rb") as file:
            needed = re.search(rb"\0depends=([^\0]*)\0", file.read())
        for other in needed[1].decode("ascii").split(",") if needed else []:
            add(other.replace("-", "_"))
        order.append(name)

    for name in MODULES:
        add(name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for number, name in enumerate(order):
        os.replace(paths[name], f"{folder}/{number:02}.ko")


def private_apt(folder, architecture):
    etc = os.path.join(folder, "etc")
    os.makedirs(etc + "/parts", exist_ok=True)
    with open(etc + "/sources.list", "w", encoding="ascii") as file:
        file.write(f"deb [arch={architecture} signed-by={KEYS}] {MIRROR} {RELEASE} main\n")
    return fetch_source.apt_get(folder, etc, "Dir::State::status=/dev/null",
                                f"APT::Architecture={architecture}", f"APT::Architectures={architecture}")


def describe(apt, package, folder):
    """The fields of its newest version."""
    text = fetch_source.run(["apt-cache", *apt[2:], "show", "--no-all-versions", package], folder)
    return dict(re.findall(r"^(\S+): (.*)$", text, re.MULTILINE))


# ---------------------------------------------------------------- the initramfs

def archive_entry(name, mode, data=b"", device=(0, 0)):
    """Of a cpio archive in the format "newc" (Linux: Documentation/driver-api/early-userspace/buffer-format.rst)."""
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def files_of(folder, prefix=""):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            yield archive_entry(prefix + name, stat.S_IFREG | 0o755, file.read())


def initramfs(folder, path, modules=None):
    """An archive of the programs in folder, the console, and the kernel's modules in a folder of their own."""
    entries = [archive_entry("dev", stat.S_IFDIR | 0o755),
               archive_entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)), *files_of(folder)]
    if modules:
        entries += [archive_entry("modules", stat.S_IFDIR | 0o755), *files_of(modules, "modules/")]
    with open(path, "wb") as file:
        file.write(b"".join(entries) + archive_entry("TRAILER!!!", 0))


# ---------------------------------------------------------------- measuring

def boot(image, *options):
    """The rows that the machine with this disk prints."""
    result = subprocess.run(["tests/run_qemu.sh", image, "-m", "256", *options], stdout=subprocess.PIPE,
                            text=True, errors="replace", check=False, env={**os.environ, "TIMEOUT_S": "1800"})
    if result.returncode != 0 or END not in result.stdout:
        raise FetchError(f"{image}, {' '.join(options)}: ended with status {result.returncode} before the last row:\n"
                         f"{result.stdout[-3000:]}")
    return {name: int(cost) for name, cost in bench.ROW.findall(result.stdout)}


def linux(kernel, archive, words):
    """QEMU's options: it loads the kernel. The disk is Drupe's."""
    return "-kernel", kernel, "-initrd", archive, "-append", words


def count(arch, kernel, archive, words):
    """The rows' figures, with these words on the kernel's command line."""
    print(f"Booting {os.path.basename(kernel)} with \"{words}\" ...", flush=True)
    return boot(f"{bench.FOLDERS[arch]}/bench-programs.bin", *bench.COUNTING, *linux(kernel, archive, words))


def compare_times(arch, kernel, archive):
    """Both systems with the same disk, in turn: the rows of tests/bench/rows/sequential.c."""
    image = f"{bench.FOLDERS[arch]}/bench-sequential.bin"
    systems = {"Drupe": (), "Linux": linux(kernel, archive, COMMAND_LINE),
               "its best": linux(kernel, archive, f"{COMMAND_LINE} {BEST}")}
    least = {}
    print(f"Reading and writing from start to end, {TIMED_BOOTS} boots each ...", flush=True)
    for _ in range(TIMED_BOOTS):
        for system, options in systems.items():
            for row, cost in boot(image, *options).items():
                costs = least.setdefault(row, {})
                costs[system] = min(cost, costs.get(system, cost))
    print(f"\n{f'in time ({arch}, ticks of the host for a KiB)':52}" + "".join(f" {name:>10}" for name in systems))
    for row, costs in least.items():
        print(f"{row:52}" + "".join(f" {costs[system]:10}" for system in systems)
              + f" {min(costs['Linux'], costs['its best']) / costs['Drupe']:7.2f}x")


def write(path, what):
    """A row is a line."""
    text = re.sub(r"\[\n +(\d+),\n +(\d+)\n +\]", r"[\1, \2]", json.dumps(what, indent=1))
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "\n")


def keep(arch, figures):
    kept = {}
    if os.path.exists(bench.LINUX_KEPT):
        with open(bench.LINUX_KEPT, encoding="ascii") as file:
            kept = json.load(file)
    write(bench.LINUX_KEPT, {**kept, arch: figures})


def main():
    arguments = [word for word in sys.argv[1:] if word != "--keep"]
    if len(arguments) != 1 or arguments[0] not in DEBIAN:
        print(__doc__)
        return 0 if {"-h", "--help"} & set(arguments) else 2
    arch = arguments[0]
    archive = os.path.abspath(f"build/linux/{arch}.cpio")
    try:
        kernel, name = fetch_kernel(arch)
        modules = os.path.join(os.path.dirname(kernel), "modules")
        initramfs(f"build/bench-linux/{arch}", archive, modules)
        default = count(arch, kernel, archive, COMMAND_LINE)
        best = count(arch, kernel, archive, f"{COMMAND_LINE} {BEST}")
    except FetchError as error:
        print(f"bench_linux: no figures of Linux: {error}", file=sys.stderr)
        return 1
    figures = {"kernel": name, "rows": {row: [default[row], best[row]] for row in default}}
    write(bench.LINUX_MEASURED.format(arch), figures)
    if "--keep" in sys.argv:
        keep(arch, figures)
    print(f"\n{name} ({arch}, instructions){'':20} {'default':>10} {'best':>10}")
    for row, (usual, least) in figures["rows"].items():
        print(f"{row:52} {usual:10} {least:10}")
    try:
        initramfs(f"build/bench-linux/{arch}-sequential", archive, modules)
        compare_times(arch, kernel, archive)
    except FetchError as error:
        print(f"bench_linux: no times: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
