#!/usr/bin/env python3
"""tools/fetch_source.py on an archive of its own, in a folder: no network, and the system's apt stays as it is.

The archive holds one package, toy, with and without the description that some mirrors leave out.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import suite
from suite import test

NAMES = ("toy_1.0.orig.tar.gz", "toy_1.0-1.debian.tar.xz")
FIELDS = "Binary: toy\nVersion: 1.0-1\nMaintainer: Nobody <nobody@example.org>\nArchitecture: any\n"


def archive(path, mode, files):
    with tarfile.open(path, mode) as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


def hashes(folder, names):
    """The fields with the files' checksums, as descriptions and lists have them."""
    fields = ""
    for field, algorithm in (("Files", "md5"), ("Checksums-Sha256", "sha256")):
        fields += field + ":\n"
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            fields += f" {hashlib.new(algorithm, data).hexdigest()} {len(data)} {name}\n"
    return fields


def make_archive(folder):
    archive(os.path.join(folder, NAMES[0]), "w:gz", {"toy-1.0/toy.c": "int toy;\n"})
    archive(os.path.join(folder, NAMES[1]), "w:xz", {"debian/source/format": "3.0 (quilt)\n",
                                                     "debian/patches/series": "better.patch\n",
                                                     "debian/patches/better.patch":
                                                     "--- a/toy.c\n+++ b/toy.c\n@@ -1 +1 @@\n-int toy;\n"
                                                     "+int better;\n"})
    with open(os.path.join(folder, "toy_1.0-1.dsc"), "w", encoding="ascii") as file:
        file.write("Format: 3.0 (quilt)\nSource: toy\n" + FIELDS + hashes(folder, NAMES))
    with open(os.path.join(folder, "Sources"), "w", encoding="ascii") as file:
        file.write("Package: toy\nFormat: 3.0 (quilt)\n" + FIELDS + "Directory: .\n" +
                   hashes(folder, ("toy_1.0-1.dsc", *NAMES)) + "\n")


def fetch(folder, package):
    """What came of it; the script is a copy, because its apt lives beside it in build/."""
    place = os.path.join(folder, "unpacked")
    shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(os.path.join(folder, "build"), ignore_errors=True)
    ran = subprocess.run([os.path.join(folder, "tools", "fetch_source.py"), package, place], check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=suite.SECONDS,
                         env={**os.environ, "APT_CONFIG": os.path.join(folder, "apt.conf")})
    if ran.returncode:
        return ran.stdout
    return suite.read(os.path.join(place, "toy.c"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        mirror = os.path.join(folder, "mirror")
        for name in ("tools", "mirror", "etc/sources.list.d"):
            os.makedirs(os.path.join(folder, name))
        shutil.copy("tools/fetch_source.py", os.path.join(folder, "tools"))
        with open(os.path.join(folder, "apt.conf"), "w", encoding="ascii") as file:
            file.write(f'Dir::Etc "{folder}/etc";\nAcquire::Retries "0";\n')
        with open(os.path.join(folder, "etc", "sources.list"), "w", encoding="ascii") as file:
            file.write(f"deb [trusted=yes] file:{mirror} ./\n")
        make_archive(mirror)

        def expect(name, package, wanted):
            said = fetch(folder, package)
            test(f"fetch_source: {name}", None if wanted in said else said)

        expect("a package with all its files", "toy", "int better;\n")
        os.remove(os.path.join(mirror, "toy_1.0-1.dsc"))
        expect("a mirror without the description", "toy", "int better;\n")
        expect("a package that is not there", "nothing", "Unable to find a source package")
        with open(os.path.join(mirror, NAMES[1]), "ab") as file:
            file.write(b"more")
        expect("... and another file than the list's", "toy", "int toy;\n")
        os.remove(os.path.join(mirror, NAMES[1]))
        expect("a mirror without what the distribution has added", "toy", "int toy;\n")
        with open(os.path.join(mirror, NAMES[0]), "ab") as file:
            file.write(b"more")
        expect("... and another source than the list's", "toy", "fetch_source: ")
        os.remove(os.path.join(mirror, NAMES[0]))
        expect("a mirror without the source itself", "toy", "fetch_source: ")
    return suite.status()


if __name__ == "__main__":
    sys.exit(main())
