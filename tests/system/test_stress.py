#!/usr/bin/env python3
"""Wears the kernel out: a million system calls of any kind with any arguments, and processes that come
and go by the dozen. The counts of pages and objects must be what they were.

Time is counted in instructions (-icount): a tick of the clock comes every 312,500 of them, so that
processes are interrupted often, and waiting takes no time. SEED=n and CALLS=n choose other random calls.
"""

import os
import re
import subprocess
import sys
import tempfile

ICOUNT = ["-icount", "shift=5,sleep=off"]
SEED = os.environ.get("SEED", "1")
CALLS_WANTED = "1000000"
CALLS = os.environ.get("CALLS", CALLS_WANTED)


def boot(image, *arguments):
    """The status of run_qemu.sh, and the console."""
    environment = dict(os.environ, TIMEOUT_S=os.environ.get("TIMEOUT_S", "600"))  # for hangs only
    result = subprocess.run(["tests/run_qemu.sh", image, *ICOUNT, *arguments], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, re.sub(r"[\0\r\b]", "", result.stdout.decode("utf-8", "replace"))


def report(name, why, console):
    for line in re.findall(r"info: .*", console):
        print(line)
    print(f"{name} ... " + (f"FAIL: {why}\n{console}" if why else "ok"), flush=True)
    return 1 if why else 0


def syscall_fuzz():
    status, console = boot("bin/syscall-fuzz.bin",
                           "-fw_cfg", "name=opt/drupe/test,string=syscall_fuzz",
                           "-fw_cfg", f"name=opt/drupe/seed,string={SEED}",
                           "-fw_cfg", f"name=opt/drupe/calls,string={CALLS}")
    calls = re.search(r"info: (\d+) calls", console)
    why = None
    if status != 0 or "syscall_fuzz ... ok" not in console:
        why = f"status {status}, seed {SEED}"
    elif not calls or int(calls.group(1)) < int(CALLS):
        why = "not enough calls were made"
    return report(f"stress: {CALLS} system calls at random, seed {SEED}", why, console)


def churn(folder):
    image = os.path.join(folder, "churn.bin")
    program = "bin/programs/tests/churn.elf"
    subprocess.run(["make", "-s", "image", f"INIT={program}", f"FILES={program}", f"IMAGE={image}"],
                   check=True)
    status, console = boot(image)
    why = None if status == 0 and "info: " in console else f"status {status}"
    return report("stress: processes come and go", why, console)


def main():
    subprocess.run(["make", "-s", "bin/os.bin", "bin/syscall-fuzz.bin", "bin/programs/tests/churn.elf"],
                   check=True)
    with tempfile.TemporaryDirectory() as folder:
        return 1 if syscall_fuzz() + churn(folder) else 0


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
