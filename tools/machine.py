"""A QEMU to talk to: over its serial line, by its keyboard, and through QEMU's monitor.

Times are limits that detect hangs, and nothing else.
"""

import json
import os
import select
import socket
import subprocess
import threading
import time

RUN_QEMU = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/run_qemu.sh")
SECONDS = 600
COLUMNS, ROWS = 80, 25
VGA_TEXT = 0xB8000


def wait_for(condition, what):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not happen within {SECONDS} s")
        time.sleep(0.02)


def qemu_of(image):
    """The QEMU that the image's kernel needs."""
    return subprocess.run([RUN_QEMU, "--which", image], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


class Monitor:
    """QEMU's machine protocol on a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        wait_for(lambda: self.connects(path), "QEMU's monitor")
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.execute("qmp_capabilities")

    def connects(self, path):
        """The socket is there a moment before QEMU listens."""
        try:
            self.socket.connect(path)
            return True
        except (ConnectionRefusedError, FileNotFoundError):
            return False

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            line = self.lines.readline()
            if not line:
                return None  # the command has ended QEMU
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise SystemExit(f"{command}: {answer['error']['desc']}")

    def human(self, line):
        return self.execute("human-monitor-command", **{"command-line": line})

    def close(self):
        self.lines.close()
        self.socket.close()


class Machine:
    """QEMU with the given image, which stays unchanged; files of its own in folder.

    Later arguments win, as for QEMU; one that attaches the image itself takes the place of the IDE
    disk. serial=False leaves out the serial line, exit_device=False what the kernel leaves QEMU by:
    it halts at its end, and the screen stays.
    """

    def __init__(self, image, folder, *arguments, serial=True, exit_device=True):
        self.folder = folder
        self.console = ""  # what came over the serial line
        self.said = []     # pieces of it that are not in console yet
        self.is_closing = threading.Event()
        qmp, line = os.path.join(folder, "qmp"), os.path.join(folder, "serial")
        command = [qemu_of(image), "-accel", "tcg", "-m", "128", "-nodefaults",
                   "-display", "none", "-no-reboot", "-vga", "std",
                   "-qmp", f"unix:{qmp},server=on,wait=off"]
        if exit_device:
            command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        if not any(f"file={image}" in argument for argument in arguments):
            command += ["-drive", f"file={image.replace(',', ',,')},format=raw,if=ide,snapshot=on"]
        self.input = self.output = None
        if serial:
            # Both ends are opened for reading and writing: no open waits for the other side.
            for end in (".in", ".out"):
                os.mkfifo(line + end)
            self.input = os.open(line + ".in", os.O_RDWR)
            self.output = os.open(line + ".out", os.O_RDWR | os.O_NONBLOCK)
            command += ["-chardev", f"pipe,id=line,path={line}", "-serial", "chardev:line"]
            # A pipe that is not emptied would hold the machine, and it would lose what it says.
            self.listener = threading.Thread(target=self.listen, daemon=True)
            self.listener.start()
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL)
        self.monitor = Monitor(qmp)

    def listen(self):
        while not self.is_closing.is_set():
            if select.select([self.output], [], [], 0.1)[0]:
                self.said.append(os.read(self.output, 65536).decode("latin-1"))

    def receive(self):
        """All that came over the serial line up to now."""
        while self.said:
            self.console += self.said.pop(0)
        return self.console

    def says(self, text):
        return text in self.receive()

    def send(self, text):
        """Bytes over the serial line, as many as there are; waits while the line is held."""
        data = text.encode("latin-1")
        while data:
            data = data[os.write(self.input, data):]

    def press(self, *keys):
        """Keys of the PS/2 keyboard by QEMU's names: "a", "shift-a", "ctrl-c", "up"."""
        for key in keys:
            self.monitor.human(f"sendkey {key} 1")

    def cells(self):
        """The VGA screen's memory: a character and its colours, 2,000 times."""
        path = os.path.join(self.folder, "screen")
        self.monitor.execute("pmemsave", val=VGA_TEXT, size=COLUMNS * ROWS * 2, filename=path)
        with open(path, "rb") as file:
            return file.read()

    def screen(self):
        """The 25 lines of the VGA screen, without the blanks at their ends."""
        text = self.cells()[::2].decode("latin-1")
        return [text[i:i + COLUMNS].rstrip(" ") for i in range(0, COLUMNS * ROWS, COLUMNS)]

    def colors(self):
        """The colours of each cell, line by line."""
        colors = self.cells()[1::2]
        return [colors[i:i + COLUMNS] for i in range(0, COLUMNS * ROWS, COLUMNS)]

    def status(self):
        """QEMU's exit status, when it has ended; waits for that."""
        wait_for(lambda: self.process.poll() is not None, "the end")
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        self.monitor.close()
        self.is_closing.set()
        if self.output is not None:
            self.listener.join()
        for end in (self.input, self.output):
            if end is not None:
                os.close(end)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()
