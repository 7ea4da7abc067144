#!/usr/bin/env python3
"""Fetches the source of a Debian or Ubuntu package and unpacks it, without root.

usage: tools/fetch_source.py PACKAGE FOLDER

FOLDER gets the package's source as the distribution builds it, in the newest version that the
machine's own apt knows. Nothing of the system's apt is changed: lists and downloads are in
build/apt, and what says where to look there is made from the system's lists, with deb-src in deb's
place.
FOLDER is left alone when it is there already.
"""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
APT = os.path.join(ROOT, "build", "apt")


class FetchError(Exception):
    """Says in one sentence why there is no source."""


def apt_settings():
    """What apt itself says: where its lists are."""
    result = subprocess.run(["apt-config", "dump", "--format", "%f=%v%n"], stdout=subprocess.PIPE,
                            text=True, check=True)
    return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)


def source_lines(text):
    """A sources.list with deb-src for each deb, options kept but the architecture."""
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S.*?)\s*(?:#.*)?$", line)
        if match:
            options = [option for option in (match[1] or "").split()
                       if not option.startswith(("arch=", "target="))]
            yield f"deb-src {'[' + ' '.join(options) + '] ' if options else ''}{match[2]}"


def source_stanzas(text):
    """The same for the deb822 format (*.sources)."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        if (not re.search(r"^Types:.*\bdeb\b", stanza, re.M | re.I) or
                re.search(r"^Enabled:\s*(no|false|0)", stanza, re.M | re.I)):
            continue
        stanza = re.sub(r"^Types:.*$", "Types: deb-src", stanza.strip(), flags=re.M | re.I)
        yield re.sub(r"^(Architectures|Targets):.*\n?", "", stanza, flags=re.M | re.I)


def write_sources(etc, settings):
    """The private apt's lists, from the system's. Returns whether there is anything."""
    system = os.path.join(settings.get("Dir", "/"), settings.get("Dir::Etc", "etc/apt"))
    main = os.path.join(system, settings.get("Dir::Etc::sourcelist", "sources.list"))
    parts = os.path.join(system, settings.get("Dir::Etc::sourceparts", "sources.list.d"))
    lines, stanzas = [], []
    for path in [main, *sorted(glob.glob(parts + "/*.list")), *sorted(glob.glob(parts + "/*.sources"))]:
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if path.endswith(".sources"):
                stanzas += source_stanzas(text)
            else:
                lines += source_lines(text)
    shutil.rmtree(etc, ignore_errors=True)
    os.makedirs(os.path.join(etc, "parts"))
    for name, items, separator in (("parts/drupe.list", lines, "\n"),
                                   ("parts/drupe.sources", stanzas, "\n\n")):
        with open(os.path.join(etc, name), "w", encoding="utf-8") as file:
            file.write(separator.join(dict.fromkeys(items)) + "\n")
    open(os.path.join(etc, "sources.list"), "w", encoding="utf-8").close()
    return bool(lines or stanzas)


def run(command, folder):
    """Its output; a FetchError with the end of it when it fails."""
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise FetchError(f"{' '.join(command[:1] + command[-2:])} failed:\n{result.stdout[-3000:]}")
    return result.stdout


def listed(package, apt):
    """For each version of the source in the list of sources: its stanza, and its files' checksums.

    The list is signed: what has its checksums is what the distribution means.
    """
    shown = subprocess.run(["apt-cache", *apt[2:], "showsrc", "--only-source", package],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    for stanza in filter(None, shown.split("\n\n")):
        yield stanza, {name: digest for digest, name in re.findall(r"^ (\w{64}) \d+ (\S+)$", stanza, re.M)}


def write_description(package, apt, folder):
    """The source's description (*.dsc) from the list of sources, which holds all of it that counts.

    Some mirrors have the archives alone.
    """
    for stanza, files in listed(package, apt):
        names = [name for name in files if name.endswith(".dsc")]
        if names and all(os.path.exists(os.path.join(folder, name)) for name in files if name not in names):
            fields = re.sub(r"^Package:", "Source:", stanza.strip() + "\n", flags=re.M)
            with open(os.path.join(folder, names[0]), "w", encoding="utf-8") as file:
                file.write(re.sub(r"^ \w+ \d+ \S+\.dsc\n", "", fields, flags=re.M))
            return True
    return False


def unpack_original(package, apt, folder):
    """What the authors published, where a mirror lacks what the distribution has added to it; says so."""
    for _, files in listed(package, apt):
        for name, digest in files.items():
            path = os.path.join(folder, name)
            if ".orig.tar." not in name or not os.path.exists(path):
                continue
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    continue
            unpacked = os.path.join(folder, "unpacked")
            os.makedirs(unpacked)
            run(["tar", "-x", "--strip-components=1", "-C", unpacked, "-f", path], folder)
            print(f"  SOURCE {name[:name.index('.orig.')]} (without the distribution's changes: its mirror"
                  " lacks them)", flush=True)
            return True
    return False


def unpack(package, folder):
    """What was fetched, with the distribution's changes."""
    description = glob.glob(folder + "/*.dsc")
    if len(description) != 1:
        raise FetchError(f"{package}: {len(description)} descriptions of the source")
    print(f"  SOURCE {os.path.basename(description[0])[:-4]}", flush=True)
    run(["dpkg-source", "--no-check", "-x", description[0], "unpacked"], folder)


def fetch(package, folder):
    for tool in ("apt-get", "dpkg-source"):
        if not shutil.which(tool):
            raise FetchError(f"{tool} is not installed (./build.sh deps)")
    os.makedirs(APT, exist_ok=True)
    # One at a time: make -j fetches several, and apt ends at once when another holds its lock.
    with open(os.path.join(APT, "fetching"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch_alone(package, folder)


def apt_get(folder, etc, *settings):
    """The command of an apt whose lists, state and downloads are in folder, and what says where to look in etc.

    Keys, proxies and mirrors are the system's.
    """
    for name in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    options = [f"Dir::Etc::sourcelist={etc}/sources.list", f"Dir::Etc::sourceparts={etc}/parts",
               f"Dir::State={folder}/state", "Dir::State::status=/var/lib/dpkg/status",
               f"Dir::Cache={folder}/cache", "APT::Sandbox::User=", "Acquire::Retries=3",
               "Acquire::Languages=none", *settings]
    return ["apt-get", "-q", *(word for option in options for word in ("-o", option))]


def fetch_alone(package, folder):
    etc = os.path.join(APT, "etc")
    if not write_sources(etc, apt_settings()):
        raise FetchError("apt has no list of packages to fetch from")
    apt = apt_get(APT, etc)
    command = [*apt, "source", "--download-only", "--only-source", package]
    with tempfile.TemporaryDirectory(dir=APT) as scratch:
        try:
            run(command, scratch)  # with the lists that are here already
        except FetchError:
            # One list that fails must not stop the others: what counts is the source.
            subprocess.run([*apt, "update"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
            try:
                run(command, scratch)
            except FetchError:
                if not write_description(package, apt, scratch) and not unpack_original(package, apt, scratch):
                    raise
        if not os.path.exists(os.path.join(scratch, "unpacked")):
            unpack(package, scratch)
        os.makedirs(os.path.dirname(os.path.abspath(folder)), exist_ok=True)
        os.replace(os.path.join(scratch, "unpacked"), folder)


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if {"-h", "--help"} & set(sys.argv) else 2
    package, folder = sys.argv[1:]
    if os.path.isdir(folder):
        return 0
    try:
        fetch(package, folder)
    except FetchError as error:
        print(f"fetch_source: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
