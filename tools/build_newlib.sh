#!/usr/bin/env bash
# tools/build_newlib.sh DESTINATION - unpacks, builds and installs newlib into DESTINATION.
#
# DESTINATION gets include/, lib/libc.a and lib/libm.a. The source is Debian's package newlib-source
# (NEWLIB_SOURCE names another tar archive), the compiler the host's (DRUPE_GCC, gcc if unset).
# Nothing is done when DESTINATION has been made from the same source in the same way already.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
gcc=${DRUPE_GCC:-gcc}
case "${1:-}" in
    "" | -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

packaged=(/usr/src/newlib/newlib-*.tar.*)
source=${NEWLIB_SOURCE:-${packaged[0]}}
if [ ! -r "$source" ]; then
    echo "build_newlib.sh: newlib's source is not here: install newlib-source (./build.sh deps)" >&2
    exit 1
fi

# c99-formats: %a, %zu and such; long-long: %lld; both off by default. Small reentrancy structs and
# no locks, wide streams or vectors in stdio: a program with printf is to stay small.
options=(--disable-multilib --disable-newlib-supplied-syscalls --disable-dependency-tracking
    --enable-newlib-io-long-long --enable-newlib-io-c99-formats --enable-newlib-reent-small
    --enable-lite-exit --disable-newlib-mb --disable-newlib-fvwrite-in-streamio
    --disable-newlib-wide-orient)
flags="$(cat "$tools/drupe-cc.flags") -Os -fomit-frame-pointer -w -nostdinc"

mkdir -p "$1"
destination=$(cd "$1" && pwd)
key=$(sha256sum "$source" "$0" "$tools/drupe-cc.flags" | cut -d ' ' -f 1; "$gcc" --version | head -1)
if [ "$(cat "$destination/newlib.key" 2>/dev/null)" = "$key" ]; then
    exit 0
fi
echo "  NEWLIB $source -> $1 (a minute or so, once)"

work=$destination/newlib
log=$work/log
rm -rf "$work" "$destination/newlib.key"
# configure refuses folders with a space and the like in their names.
case "$work" in
    *[!A-Za-z0-9/._+,@%=-]*)
        log=$destination/newlib.log
        work=$(mktemp -d "/tmp/drupe-newlib.XXXXXX")
        trap 'cp "$work/log" "$log" 2>/dev/null || true; rm -rf "$work"' EXIT
        ;;
esac
mkdir -p "$work/source" "$work/build"
tar -xf "$source" -C "$work/source" --strip-components=1
# What only makes its own documentation and tests is not configured.
(
    cd "$work/build"
    # Away from make's own variables: newlib's makefiles are called by another one.
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
    "$work/source/newlib/configure" --host=i686-elf --build="$("$gcc" -dumpmachine)" \
        --prefix=/ --with-cross-host=yes "${options[@]}" \
        CC="$gcc $flags -isystem $("$gcc" -m32 -print-file-name=include)" \
        AS="as --32" AR=ar RANLIB=ranlib CFLAGS= CCASFLAGS="$flags" &&
        make -j"$(nproc)"
) >"$work/log" 2>&1 </dev/null || {
    tail -30 "$work/log" >&2
    echo "build_newlib.sh: newlib could not be built; all of its output is in $log" >&2
    exit 1
}

rm -rf "$destination/include" && mkdir -p "$destination/include" "$destination/lib"
cp -R "$work/source/newlib/libc/include/." "$work/build/targ-include/." "$destination/include/"
cp "$work/build/libc.a" "$work/build/libm.a" "$destination/lib/"
rm -rf "$work/source" "$work/build"
echo "$key" >"$destination/newlib.key"
