"""Where the tools write: into ordinary files, all of it or nothing.

A device, a pipe or a folder in the place of an output is refused, however it is named: what a link leads
to is what counts. As root a device would else be overwritten, or replaced by a file.
"""

import os
import stat


class OutputError(Exception):
    """Says in one sentence why nothing was written."""


KINDS = [(stat.S_ISBLK, "a disk"), (stat.S_ISCHR, "a device"), (stat.S_ISFIFO, "a pipe"),
         (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder")]


def ordinary_file(path):
    """The path to write to, links followed; OutputError if something else than a file is there."""
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return target
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    if stat.S_ISREG(mode):
        return target
    kind = next((kind for is_kind, kind in KINDS if is_kind(mode)), "no ordinary file")
    hint = f"; `make usb DEV={path}` writes bin/os.bin to a disk" if stat.S_ISBLK(mode) else ""
    raise OutputError(f"cannot write {path}: it is {kind}, and an output must be an ordinary file"
                      f"{hint}")


def write(path, data):
    """Puts data into the file of that name, or raises OutputError and leaves what was there."""
    target = ordinary_file(path)
    part = f"{target}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            file.write(data)
        os.replace(part, target)
    except OSError as error:
        if os.path.exists(part):
            os.remove(part)
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
