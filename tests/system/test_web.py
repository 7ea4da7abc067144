#!/usr/bin/env python3
"""The page of `make web` in a browser without a window: it boots, is typed at, says what is wrong.

browser.py drives it. SCREENSHOTS=folder leaves pictures there.
"""

import functools
import http.server
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request

import suite
from browser import SECONDS, Driver, find
from suite import test

ALL_SECONDS = 2 * suite.SECONDS
WEB = "bin/web"
PROMPT = "drupe>"
PHONE = {"width": 375, "height": 667, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1100, "height": 1000, "deviceScaleFactor": 1, "mobile": False}


# ---------------------------------------------------------------- a server that remembers

class Handler(http.server.SimpleHTTPRequestHandler):
    def log_request(self, code="-", size="-"):
        self.server.answers.append((self.path, int(code)))

    def log_message(self, format, *args):
        pass


class Server:
    """`folder` at `url`, on a free port of this machine only."""

    def __init__(self, folder):
        handler = functools.partial(Handler, directory=folder)
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.answers = self.answers = []  # (path, status)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


# ---------------------------------------------------------------- a browser

class Browser(Driver):
    """With what this page has."""

    def screen(self):
        """The rows of Drupe's screen, as the page shows them."""
        return self.run("return [...document.querySelectorAll('#rows > div')]"
                        ".map(row => row.textContent.replace(/\\u00A0/g, ' ').trimEnd())")

    def status(self):
        return self.run("return document.getElementById('status').textContent")


def wait(what, is_there):
    """None when is_there() becomes true, else why not."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if is_there():
            return None
        time.sleep(0.05)
    return f"no {what} within {SECONDS} s"


def wait_for_row(browser, pattern, count=1):
    def is_there():
        return sum(bool(re.search(pattern, row)) for row in browser.screen()) >= count
    why = wait(f"{pattern!r} (times {count})", is_there)
    return why and why + ":\n" + "\n".join([browser.status(), *browser.screen()])


def wait_for_status(browser, text):
    why = wait(f"{text!r}", lambda: text in browser.status())
    return why and f"{why}, but {browser.status()!r}"


def at_prompt(browser):
    return wait(f"{PROMPT!r}",
                lambda: ([row for row in browser.screen() if row] or [""])[-1] == PROMPT)


# ---------------------------------------------------------------- the tests

def runs(browser, server):
    """Boots in the page, and each way of typing."""
    start = time.monotonic()
    browser.open(server.url)
    why = wait_for_row(browser, f"^{PROMPT}")
    test("the page boots to the prompt", why)
    if why:
        return
    print(f"info: {time.monotonic() - start:.1f} s from opening the page to the prompt")
    test("the status line says that it runs", wait_for_status(browser, "Drupe is running."))

    browser.click("#screen")
    browser.press("mem\n")
    test("mem, typed after a click on the screen, is answered",
         wait_for_row(browser, "^drupe> mem$") or wait_for_row(browser, MEM_ANSWER))
    test("the answer is in the text below the screen",
         wait("mem's answer", lambda: re.search(
             MEM_ANSWER, browser.run("return document.getElementById('log').textContent"), re.M)))
    browser.picture("desktop")

    at_prompt(browser)
    browser.press("clear\n")
    at_prompt(browser)
    browser.press("echo \"aB~|{?\\_^ 'x+y\" \">\"&$!\n")
    test("every character of a keyboard arrives, shifted or not",
         wait_for_row(browser, "^" + re.escape("aB~|{?\\_^ 'x+y >&$!") + "$"))
    at_prompt(browser)
    browser.press("echo onex", ["backspace"], "\n")
    test("Backspace takes a character back", wait_for_row(browser, "^one$"))
    at_prompt(browser)
    browser.press(["up"], "\n")
    test("an arrow brings the line before back", wait_for_row(browser, "^one$", 2))
    at_prompt(browser)
    browser.press("sleep 1000\n")
    wait_for_row(browser, "^drupe> sleep 1000$")
    browser.press(("control", "c"))
    test("Ctrl-C ends a program", wait_for_row(browser, "was interrupted"))
    at_prompt(browser)
    # As a phone's keyboard does: text without keys, a word replaced, and a paste.
    browser.devtools("Input.insertText", text="echo Two")
    browser.devtools("Input.insertText", text="\n")
    test("text that comes without keys arrives", wait_for_row(browser, "^Two$"))
    at_prompt(browser)
    browser.run("const keys = document.getElementById('keys');"
                "for (const text of ['ec', 'echo the', 'echo three', 'echo three\\n']) {"
                "    keys.value = ' ' + text;"
                "    keys.dispatchEvent(new InputEvent('input',"
                "                                      {isComposing: !text.endsWith('\\n')}));"
                "}")
    test("a word that the keyboard replaces arrives as it is at last",
         wait_for_row(browser, "^three$"))
    at_prompt(browser)
    browser.click("[data-command='mem map']")
    test("a command's button types it", wait_for_row(browser, r"^drupe> mem map$|\. free "))
    at_prompt(browser)
    sizes = browser.run("const s = document.getElementById('screen');"
                        "return [s.scrollTop, s.scrollHeight, s.clientHeight, s.scrollWidth,"
                        " s.clientWidth]")
    top, height, seen_height, width, seen_width = sizes
    test("all of the screen is seen after typing in its last row",
         None if top == 0 and height <= seen_height and width <= seen_width else f"{sizes}")
    browser.devtools("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.picture("dark")
    browser.devtools("Emulation.setEmulatedMedia", features=[])


def ends_and_restarts(browser):
    browser.click("#screen")
    browser.press("exit\n")
    test("the end of the machine gets a sentence", wait_for_status(browser, "Drupe has ended"))
    browser.click("#restart")
    test("Restart boots a machine that has ended", wait_for_status(browser, "Drupe is running.") or
         at_prompt(browser))
    browser.click("[data-command='hello']")
    test("it answers then", wait_for_row(browser, "^Hello from"))
    at_prompt(browser)
    browser.click("#restart")
    test("Restart boots a machine that runs",
         wait_for_status(browser, "Drupe is booting.") or
         wait_for_status(browser, "Drupe is running.") or at_prompt(browser))


def links(browser, server):
    addresses = browser.run("return [...document.querySelectorAll('a')].map(a => a.href)")
    wrong = []
    for address in addresses:
        try:
            with urllib.request.urlopen(address, timeout=SECONDS) as answer:
                if not answer.read():
                    wrong.append((address, "empty"))
        except urllib.error.HTTPError as error:
            wrong.append((address, error.code))
    test("every link leads somewhere", f"{wrong}" if wrong else
         None if len(addresses) >= 8 else f"{addresses}")
    save = browser.run("const a = document.getElementById('save'); return [a.href, a.textContent,"
                       " a.hasAttribute('download')]")
    with open("bin/os.bin", "rb") as disk:
        image = disk.read()
    with urllib.request.urlopen(save[0], timeout=SECONDS) as answer:
        why = None if answer.read() == image else "other bytes"
    size = f"{len(image) >> 20} MiB"
    test("the save link's bytes are bin/os.bin", why or (None if save[2] else "it is no download"))
    test("the save link shows the size", None if size in save[1] else f"{save[1]!r}, not {size}")
    with urllib.request.urlopen(server.url + "drupe-sources.tar.gz", timeout=SECONDS) as answer, \
            tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
        names = archive.getnames()
    wanted = {f"drupe/{name}" for name in ("Makefile", "build.sh", "src/boot/boot.asm", "LICENSE",
                                           "web/drupe.js", "tests/system/test_web.py")}
    odd = [name for name in names if name.startswith(("drupe/bin", "drupe/build/", "drupe/.git/"))]
    test("the link to the sources gives all of them, and nothing that is built",
         f"missing {wanted - set(names)}, too many {odd[:5]}" if odd or wanted - set(names) else None)


def sources_without_git():
    """An unpacked archive has no repository, and a bare system no git: the sources are all that is not built."""
    path, lists = "bin/web/drupe-sources.tar.gz", []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "git"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 128\n")
        os.chmod(file.name, 0o755)
        for search in (f"{folder}:{os.environ['PATH']}", os.environ["PATH"]):
            subprocess.run(["make", "-s", path], check=True, env={**os.environ, "PATH": search})
            with tarfile.open(path) as archive:
                lists.append({member.name for member in archive if member.isfile()})
    odd = {name for name in lists[0] ^ lists[1] if "__pycache__" not in name}
    test("the sources are all there without git", f"{sorted(odd)[:5]}" if odd else
         None if len(lists[0]) > 300 else f"{len(lists[0])} files")


def asks(browser, server):
    """What was asked for until now, by the server's log and by the browser's."""
    bad = [answer for answer in server.answers if answer[1] != 200]
    test("the server had all that the page asked for", f"{bad}" if bad else
         None if len(server.answers) >= 8 else f"only {server.answers}")
    urls = [url for page, url in browser.requests() if page.startswith(server.url)]
    own = (server.url, "data:,", "blob:" + server.url)
    elsewhere = [url for url in urls if not url.startswith(own)]
    test("the page asks nobody else", f"{elsewhere}" if elsewhere else
         None if len(urls) >= 8 else f"only {urls}")
    errors = browser.complaints()
    test("the browser's console stays empty", f"{errors}" if errors else None)


def desktop(browser, server):
    """On usual screens the buttons are seen without scrolling, at sizes that can be read."""
    for width, height in ((1366, 660), (1920, 950), (1024, 700)):
        browser.devtools("Emulation.setDeviceMetricsOverride",
                         **{**DESKTOP, "width": width, "height": height})
        why = wait("a fitting size", lambda: browser.run(
            "return document.getElementById('bar').getBoundingClientRect().bottom <= innerHeight"))
        font, wide, seen = browser.run(
            "const s = document.getElementById('screen');"
            "return [parseFloat(getComputedStyle(document.getElementById('rows')).fontSize),"
            " s.scrollWidth, s.clientWidth]")
        test(f"{width} x {height}: rows and buttons fit the window, and can be read",
             why or (None if font >= 10 and wide <= seen else f"{font} px, {wide} of {seen}"))
        browser.picture(f"desktop-{width}")
    browser.devtools("Emulation.setDeviceMetricsOverride", **DESKTOP)


def phone(browser, server):
    browser.devtools("Emulation.setDeviceMetricsOverride", **PHONE)
    browser.devtools("Emulation.setTouchEmulationEnabled", enabled=True)
    browser.open(server.url)
    why = wait_for_status(browser, "Drupe is running.")
    widths = "return [document.documentElement.scrollWidth, innerWidth]"
    wide, page = browser.run(widths)
    test("a page of 375 pixels does not scroll sideways",
         why or (None if wide <= page == 375 else f"{wide} of {page} pixels"))
    browser.click("#screen")
    test("a tap on the screen gives it the keyboard", wait("focus", lambda: browser.run(
        "return document.activeElement.id === 'keys'")))
    browser.devtools("Input.insertText", text="echo tapped\n")
    test("it can be typed at", wait_for_row(browser, "^tapped$"))
    at_prompt(browser)
    browser.click("[data-command='mem']")
    wait_for_row(browser, MEM_ANSWER)
    at_prompt(browser)
    browser.picture("phone")
    wide, seen = browser.run("const s = document.getElementById('screen');"
                             "return [s.scrollWidth, s.clientWidth]")
    test("all 80 columns are seen", None if wide <= seen <= 375 else f"{wide} of {seen} pixels")
    font = "return parseFloat(getComputedStyle(document.getElementById('rows')).fontSize)"
    before = browser.run(font)
    browser.click("[data-zoom='1.25']")
    wide, page = browser.run(widths)
    after = browser.run(font)
    test("A+ makes the text larger, and the page no wider",
         f"{before} px, then {after}; page {wide} of {page}" if after <= before or wide > page
         else None)
    below = browser.run("const s = document.getElementById('screen').getBoundingClientRect();"
                        "return s.bottom - document.getElementById('rows')"
                        ".getBoundingClientRect().bottom")
    test("a scrollbar does not cover the last row", None if below >= 12 else f"{below} pixels")
    small = min(browser.run("return [...document.querySelectorAll('button')]"
                            ".map(button => button.getBoundingClientRect().height)"))
    test("buttons are large enough for a finger", None if small >= 40 else f"{small} pixels")
    browser.devtools("Emulation.setDeviceMetricsOverride", **DESKTOP)


def named(browser):
    """Everything that can be operated has a name for those who do not see it."""
    nameless = browser.run("return"
                           " [...document.querySelectorAll('button, a, textarea, [tabindex]')]"
                           ".filter(e => !(e.getAttribute('aria-label') || e.textContent).trim())"
                           ".map(e => e.outerHTML)")
    test("every control has a name", f"{nameless}" if nameless else None)


def copies(browser, folder):
    """Pages at other addresses than a site's root, most of them with something wrong."""
    def copy(name):
        made = os.path.join(folder, name)
        shutil.copytree(WEB, made, ignore=shutil.ignore_patterns("os.bin"))
        return made

    with Server(folder) as server:
        for name in ("os.bin.gz", "v86.wasm.gz", "libv86.js"):
            os.remove(os.path.join(copy(f"no {name}"), name))
            browser.open(f"{server.url}no%20{name}/")
            test(f"a missing {name} gets a sentence",
                 wait_for_status(browser, f"{name} is missing on the server"))
            seen = [line for line in browser.complaints() if name in line and "404" in line]
            test(f"a missing {name} is in the browser's console", None if seen else browser.complaints())
            browser.picture(f"no-{name}")
        server.answers.clear()
        shutil.copy("bin/os.bin", os.path.join(copy("un/packed"), "os.bin.gz"))
        browser.open(f"{server.url}un/packed/")
        test("a disk that the server has unpacked will do",
             wait_for_status(browser, "Drupe is running."))
        bad = [answer for answer in server.answers if answer[1] != 200]
        test("any path will do", f"{bad}" if bad or not server.answers else None)
        # So old that the browser would keep it for weeks without asking.
        disk = os.path.join(copy("damaged"), "os.bin.gz")
        os.utime(disk, (0, 10 ** 9))
        browser.open(f"{server.url}damaged/index.html")
        why = wait_for_status(browser, "Drupe is running.")
        with open(disk, "r+b") as packed:
            packed.truncate(1000)
        browser.open(f"{server.url}damaged/index.html")
        test("another disk is noticed, and a damaged one gets a sentence",
             why or wait_for_status(browser, "os.bin.gz is damaged"))


def other_ways(browser, server):
    browser.open("file://" + os.path.abspath(WEB) + "/index.html")
    test("a page that was opened as a file says how to serve it",
         wait_for_status(browser, "python3 -m http.server -d bin/web"))
    for name, sentence in (("WebAssembly", "This browser has no WebAssembly"),
                           ("DecompressionStream", "This browser is too old")):
        script = browser.devtools("Page.addScriptToEvaluateOnNewDocument",
                                  source=f"delete globalThis.{name}")["identifier"]
        browser.open(server.url)
        test(f"a browser without {name} gets a sentence", wait_for_status(browser, sentence))
        browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


MEM_ANSWER = r"^  sectors found there +\d+ of \d+"


def out_of_time(_signal, _frame):
    raise TimeoutError(f"stopped after {ALL_SECONDS} s")


def main():
    made = subprocess.run(["make", "-s", "web"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    test("make web makes the page", made.stdout if made.returncode else None)
    command = "python3 -m http.server -d bin/web"
    test("it says in one line how to serve it", None if made.stdout.count("\n") == 1 and
         command in made.stdout else made.stdout)
    sources_without_git()
    there = find()
    test("a browser can be driven", None if there else
         "neither Chromium nor Qt's WebEngine is here: ./build.sh deps installs one of them")
    if made.returncode or not there:
        return 1
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(ALL_SECONDS)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Server(WEB) as server:
        print(f"info: the browser is {there[0]}")
        browser = None
        try:
            browser = Browser(there[1], os.path.join(folder, "profile"))
            browser.devtools("Emulation.setDeviceMetricsOverride", **DESKTOP)
            runs(browser, server)
            ends_and_restarts(browser)
            named(browser)
            asks(browser, server)
            links(browser, server)
            desktop(browser, server)
            phone(browser, server)
            copies(browser, os.path.join(folder, "copies"))
            other_ways(browser, server)
        except (OSError, RuntimeError) as error:
            test("the browser does as it is told", f"{type(error).__name__}: {error}")
        finally:
            if browser:
                browser.close()
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
