#!/usr/bin/env python3
"""A disk that is pulled out, or fails, while it is mounted and written to: the machine and the other
drives go on, programs get the error where it belongs, and the machine can be turned off."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import suite
from machine import Machine, wait_for

SUCCESS = 33  # QEMU's status
GONE = "The disk that Drupe was started from does not answer any more"
PIECE, ERROR = 4096, -1
VOLUME_KIB = 20000


def lines_of(console):
    """{what it begins with: the rest} of the program's lines."""
    return dict(re.findall(r"^(before|after|later|all drives): (.*)$", console, re.MULTILINE))


def synced(first, other):
    return f"drive 0: {PIECE}, {first}; drive 2: {PIECE}, {other}"


def run(image, folder, between, *arguments):
    """The console of the program, from its start to the machine's end; between(machine) is called in its middle.
    A sentence when QEMU's status is wrong."""
    with Machine(image, folder, *arguments) as machine:
        wait_for(lambda: machine.says("pull it out"), "the program's first half")
        between(machine)
        machine.send("k")
        status = machine.status()
        console = machine.receive().replace("\r", "")
    return console, None if status == SUCCESS else f"QEMU's status is {status}: {console}"


def compare(console, wanted, *sentences):
    said = lines_of(console)
    text = suite.unwrap(console)
    missed = [sentence for sentence in sentences if text.count(sentence) != 1]
    if missed:
        return f"not once: {missed}: {console}"
    return None if said == wanted else f"{said}, not {wanted}: {console}"


def pull_stick(image, volume, folder, controller):
    """A USB stick behind the BIOS, from which the machine was started."""
    console, why = run(
        image, folder, lambda machine: machine.monitor.execute("device_del", id="stick"),
        "-device", controller, "-drive", f"if=none,id=boot,format=raw,snapshot=on,file={image}",
        "-device", "usb-storage,drive=boot,bootindex=0,id=stick",
        "-drive", f"format=raw,snapshot=on,file={volume},if=ide,index=0")
    return why or compare(console, {"before": synced(0, 0), "after": synced(ERROR, 0), "later": synced(ERROR, 0),
                                    "all drives": str(ERROR)}, GONE)


def fail_writes(image, volume, folder):
    """An ATA disk that refuses every write."""
    config, own = os.path.join(folder, "blkdebug"), os.path.join(folder, "volume")
    shutil.copyfile(volume, own)
    with open(config, "w", encoding="ascii") as file:
        file.write('[inject-error]\nevent = "write_aio"\nerrno = "5"\n')
    console, why = run(image, folder, lambda machine: None,
                       "-drive", f"file=blkdebug:{config}:{own},format=raw,if=ide,index=1,werror=report")
    return why or compare(console, {when: synced(0, ERROR) for when in ("before", "after", "later")} |
                          {"all drives": str(ERROR)})


def tests(image, volume):
    def in_folder(function, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            return function(image, volume, folder, *arguments)
    for name, controller in (("EHCI", "usb-ehci"), ("xHCI", "qemu-xhci")):
        yield f"a USB stick on {name} is pulled out", lambda c=controller: in_folder(pull_stick, c)
    yield "an ATA disk refuses to write", lambda: in_folder(fail_writes)


def all_tests():
    program = suite.arch().path("bin/programs/tests/pulled.elf")
    suite.make("bin/os.bin", "bin/programs/tests/pulled.elf")
    with tempfile.TemporaryDirectory() as folder:
        image, volume = os.path.join(folder, "disk.bin"), os.path.join(folder, "volume")
        why = suite.make_image(image, "--init", program)
        if why:
            suite.test("the image", why)
            return
        with open(volume, "wb") as file:
            file.truncate(VOLUME_KIB * 1024)
        subprocess.run(["mkfs.fat", volume], stdout=subprocess.DEVNULL, check=True,
                       env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        suite.run_tests(list(tests(image, volume)))


def main():
    suite.for_each_arch(all_tests)
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
