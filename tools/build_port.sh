#!/usr/bin/env bash
# tools/build_port.sh NAME SOURCE FOLDER - builds the port that ports/NAME.port describes.
#
# SOURCE has its sources (tools/fetch_source.py) and stays as it is: FOLDER becomes a copy in which it
# is built. DRUPE_ARCH=x86_64 builds for the x86_64 kernel; DRUPE_ARCH=linux for this machine, with the
# word size of PORT_BITS (32 if unset): what the port is compared with.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
case "${1:-}" in
    "" | -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
name=$1
source_folder=$2
folder=$3
# What a port says, see docs/ports.md.
port_file=$tools/../ports/$name.port

# The words of this script that a port's build() uses.
CFLAGS="-O2 -g -w"
host_gcc=${DRUPE_GCC:-gcc}
case "${DRUPE_ARCH:-i386}" in
    linux)
        CC="$host_gcc -m${PORT_BITS:-32}"
        host=
        ;;
    i386)
        CC=drupe-cc
        host=--host=i686-elf
        ;;
    *)
        CC=drupe-cc
        host=--host=x86_64-elf
        ;;
esac
export CC CFLAGS PATH="$tools:$PATH"
export MAKEINFO=: # no manuals

# configure [OPTION ...] - the package's own script, told that it builds for another system.
configure() {
    ./configure ${host:+"$host" "--build=$("$host_gcc" -dumpmachine)"} "$@"
}

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
cp -a "$source_folder" "$folder"
cd "$folder"
# What package maintainers added is no part of the program.
rm -rf debian .pc
# What the package has generated is newer than what it was made of, whatever a patch has touched.
for generated in aclocal.m4 configure 'config*.in' Makefile.in; do
    find . -name "$generated" -exec touch {} +
done
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
programs=
# shellcheck source=/dev/null
. "$port_file"
# Not in a condition: there, a command of build() that fails would not end it.
set +e
(
    set -e
    build
    for program in $programs; do
        [ -x "$program" ] || { echo "there is no program $program"; exit 1; }
    done
) >build.log 2>&1 </dev/null
status=$?
set -e
if [ "$status" -ne 0 ]; then
    tail -30 build.log >&2
    echo "build_port.sh: $name could not be built; all of its output is in $folder/build.log" >&2
    exit 1
fi
