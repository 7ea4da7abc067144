"""A browser without a window, driven by the DevTools protocol.

The protocol is Chromium's own (https://chromedevtools.github.io/devtools-protocol/): JSON over a WebSocket
(RFC 6455). Two programs speak it: Chromium, and Qt's WebEngine, which has Chromium's engine inside. Ubuntu has
the second alone as a package: its chromium-browser only points to a snap.
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request

import suite

SECONDS = 120  # for one answer: detects hangs only
PYTHON = "/usr/bin/python3"  # the one that the distribution's packages are for

# Flags of both. A container has no user namespaces for the sandbox, and often a small /dev/shm.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")

# A window of Qt's that is drawn into memory.
QT_BROWSER = """
import sys
from PyQt6.QtCore import QUrl
from PyQt6.QtWidgets import QApplication
from PyQt6.QtWebEngineWidgets import QWebEngineView
application = QApplication(sys.argv)
view = QWebEngineView()
view.resize(1100, 1000)
view.load(QUrl("about:blank"))
view.show()
application.exec()
"""

# name: (key, code, virtual key, text that it types)
NAMED_KEYS = {"\n": ("Enter", "Enter", 13, "\r"), "up": ("ArrowUp", "ArrowUp", 38, ""),
              "backspace": ("Backspace", "Backspace", 8, ""),
              "control": ("Control", "ControlLeft", 17, "")}
CONTROL = 2  # in `modifiers`

# Where a click on the element lands, and what lies there if it is not the element.
PLACE = """
const element = document.querySelector(arguments[0]);
if (!element) return [0, 0, 'there is no such element'];
element.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'});
const box = element.getBoundingClientRect();
const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
const there = document.elementFromPoint(x, y);
return [x, y, element.contains(there) ? '' : there ? there.outerHTML.slice(0, 200) : 'it is not in the window'];
"""


def find():
    """(name, command and environment for a port) of the browser that is installed, or None."""
    chromium = shutil.which("chromium")
    if chromium and "/snap/" not in os.path.realpath(chromium):  # a snap does not see the profile's folder
        return "Chromium", lambda port, folder: (
            [chromium, "--headless=new", *FLAGS, "--no-first-run", f"--user-data-dir={folder}",
             f"--remote-debugging-port={port}", "about:blank"], {})
    has_qt = subprocess.run([PYTHON, "-c", "import PyQt6.QtWebEngineWidgets"], stdin=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, check=False).returncode == 0
    if has_qt:
        return "Qt's WebEngine", lambda port, folder: (
            [PYTHON, "-c", QT_BROWSER],
            {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1",
             "QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}", "QTWEBENGINE_CHROMIUM_FLAGS": " ".join(FLAGS),
             "XDG_CACHE_HOME": folder, "XDG_DATA_HOME": folder, "XDG_RUNTIME_DIR": folder})
    return None


class WebSocket:
    """The client's half of RFC 6455, for text alone."""

    def __init__(self, url):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                            "Sec-WebSocket-Version: 13\r\n\r\n".encode())
        answer = self.stream.readline()
        if b" 101 " not in answer:
            raise RuntimeError(f"no WebSocket at {url}: {answer}")
        while self.stream.readline() != b"\r\n":
            pass

    def frame(self, kind, data):
        """Sends one; what a client sends is masked (section 5.3), and a mask of zeroes is one."""
        length = struct.pack("!BQ", 0xFF, len(data))
        self.socket.sendall(bytes([0x80 | kind]) + length + bytes(4) + data)

    def send(self, text):
        self.frame(1, text.encode())

    def read(self, count):
        data = self.stream.read(count)
        if len(data) < count:
            raise RuntimeError("the browser has ended")
        return data

    def receive(self):
        """The next message, whole."""
        message = b""
        while True:
            first, length = self.read(2)
            if length in (126, 127):
                length = int.from_bytes(self.read(2 if length == 126 else 8), "big")
            data = self.read(length)
            if first & 0x0F == 8:
                raise RuntimeError("the browser has closed the connection")
            if first & 0x0F == 9:
                self.frame(10, data)
            elif first & 0x0F < 3:
                message += data
                if first & 0x80:
                    return message.decode()

    def close(self):
        self.stream.close()
        self.socket.close()


class Driver:
    """One page. `folder` is its profile's."""

    def __init__(self, command_for, folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command, environment = command_for(port, folder)
        self.log_path = os.path.join(folder, "log")
        self.last_id = 0
        self.events = []
        self.page = None
        # In a group of its own with its processes, so that it leaves nothing behind.
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, env={**os.environ, **environment})
        try:
            self.page = WebSocket(self.find_page(port))
            for domain in ("Page", "Network", "Log", "Runtime"):
                self.devtools(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def find_page(self, port):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS) as answer:
                    for target in json.load(answer):
                        if target["type"] == "page":
                            return target["webSocketDebuggerUrl"]
            except OSError:  # not there yet
                pass
            time.sleep(0.2)
        raise RuntimeError("the browser did not start:\n" + suite.read(self.log_path)[-2000:])

    def close(self):
        if self.page:
            self.page.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def next_message(self):
        message = json.loads(self.page.receive())
        if "method" in message:
            self.events.append(message)
        return message

    def devtools(self, command, **parameters):
        """The result of a command; what the browser reports meanwhile goes to .events."""
        self.last_id += 1
        self.page.send(json.dumps({"id": self.last_id, "method": command, "params": parameters}))
        while True:
            message = self.next_message()
            if message.get("id") == self.last_id:
                if "error" in message:
                    raise RuntimeError(f"{command}: {message['error']['message']}")
                return message["result"]

    def open(self, url):
        """Returns when the page and all that it names are loaded."""
        seen = len(self.events)
        failure = self.devtools("Page.navigate", url=url).get("errorText")
        if failure:
            raise RuntimeError(f"{url}: {failure}")
        while not any(event["method"] == "Page.loadEventFired" for event in self.events[seen:]):
            self.next_message()

    def run(self, script, *arguments):
        """What the body of a function returns."""
        result = self.devtools("Runtime.evaluate", returnByValue=True, expression=f"(function() {{ {script} }})"
                               f".apply(null, {json.dumps(arguments)})")
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def requests(self):
        """[(page that asks, what for)]"""
        return [(event["params"]["documentURL"], event["params"]["request"]["url"]) for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """All that a developer would see in the console."""
        return [json.dumps(event["params"])[:500] for event in self.events if event["method"] in
                ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]

    def click(self, selector):
        x, y, wrong = self.run(PLACE, selector)
        if wrong:
            raise RuntimeError(f"a click on {selector} meets another element: {wrong}")
        for kind, more in (("mouseMoved", {}), ("mousePressed", {"button": "left", "clickCount": 1}),
                           ("mouseReleased", {"button": "left", "clickCount": 1})):
            self.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def key(self, name, is_down, modifiers):
        key, code, number, text = NAMED_KEYS.get(name) or (
            name, f"Key{name.upper()}" if name.isalpha() else "", ord(name.upper()) if name.isalnum() else 0, name)
        if modifiers or not is_down:
            text = ""
        self.devtools("Input.dispatchKeyEvent", key=key, code=code, windowsVirtualKeyCode=number,
                      modifiers=modifiers, type="keyUp" if not is_down else "keyDown" if text else "rawKeyDown",
                      **({"text": text} if text else {}))

    def press(self, *groups):
        """A string and a list are pressed key by key; the keys of a tuple are held together."""
        for group in groups:
            for held in [group] if isinstance(group, tuple) else [(key,) for key in group]:
                modifiers = CONTROL if "control" in held else 0
                for key in held:
                    self.key(key, True, modifiers)
                for key in reversed(held):
                    self.key(key, False, modifiers)

    def picture(self, name):
        """Into SCREENSHOTS, a folder, if that is set."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            data = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            with open(os.path.join(folder, name + ".png"), "wb") as file:
                file.write(base64.b64decode(data))
