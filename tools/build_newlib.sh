#!/usr/bin/env bash
# tools/build_newlib.sh DESTINATION - unpacks, builds and installs newlib into DESTINATION.
#
# DESTINATION gets include/, lib/libc.a and lib/libm.a. The source is Debian's package newlib-source
# (NEWLIB_SOURCE names another tar archive), the compiler the host's (DRUPE_GCC, gcc if unset); for 32-bit
# programs, or with DRUPE_ARCH=x86_64 for 64-bit ones.
# Nothing is done when DESTINATION has been made from the same source in the same way already.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)
gcc=${DRUPE_GCC:-gcc}
case "${DRUPE_ARCH:-i386}" in
    i386) host=i686-elf bits=32 target_flags=$tools/drupe-cc.flags ;;
    *) host=x86_64-elf bits=64 target_flags=$tools/drupe-cc-x86_64.flags ;;
esac
case "${1:-}" in
    "" | -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
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
flags="$(cat "$target_flags") -Os -fomit-frame-pointer -w -nostdinc"
read -r -a posix_flags <<<"$flags"

# Of newlib's functions for POSIX systems, those that need no more than what Drupe has: newlib's own
# switches would build all or none of them.
posix=(posix/fnmatch posix/glob posix/regcomp posix/regexec posix/regerror posix/regfree
    posix/collcmp posix/scandir posix/creat unix/basename unix/dirname unix/pread unix/pwrite)
# glob() knows no users: there are none.
posix_flags+=(-D_GNU_SOURCE -D_ELIX_LEVEL=1 -D__NETBSD_SYSCALLS)
own_headers=$tools/../programs/newlib/include/sys
# ARG_MAX is the kernel's limit.
arg_max=$(sed -n 's/^#define ARGUMENTS_BYTES_MAX *\([0-9]*\).*/\1/p' "$tools/../src/abi/syscalls.h")

mkdir -p "$1"
destination=$(cd "$1" && pwd)
made_of=("$source" "$0" "$target_flags" "$own_headers"/*)
key=$(sha256sum "${made_of[@]}" | cut -d ' ' -f 1; "$gcc" --version | head -1; echo "$arg_max")
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
# Headers. First those that newlib leaves to each system; then types that some use without their
# headers; then what newlib has under another name, or only when a system says that it has it. Of
# <stdatomic.h> gcc's own is the one that understands gcc's _Atomic.
headers=$work/source/newlib/libc/include
cp "$own_headers"/*.h "$headers/sys/"
for header in regex.h ndbm.h; do
    sed -i '1i #include <sys/types.h>' "$headers/$header"
done
cat >>"$headers/sys/features.h" <<'END'
#ifdef __drupe__
#define _POSIX_TIMERS 200809L
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_CPUTIME 200809L
#define _POSIX_CLOCK_SELECTION 200809L
#define _POSIX_MAPPED_FILES 200809L
#define _POSIX_MEMORY_PROTECTION 200809L
#endif
END
sed -i '/^ssize_t.*__getline (/a \
#if __POSIX_VISIBLE >= 200809\
ssize_t getdelim (char **, size_t *, int, FILE *);\
ssize_t getline (char **, size_t *, FILE *);\
#endif' "$headers/stdio.h"
sed -i '/^#if.*__rtems__/{N;/lstat/s/__SPU__/__drupe__/;}' "$headers/sys/stat.h"
sed -i "s/^\(#define[[:space:]]*ARG_MAX[[:space:]]*\)[0-9]*/\1$arg_max/" "$headers/sys/syslimits.h"
rm "$headers/stdatomic.h"
# newlib 4.6 reads the arguments of exit handlers before it looks whether there are any: with small
# reentrancy structs, each program with a handler would end by a NULL pointer.
sed -i 's/\(fntypes\|is_cxa\|fnarg\) = \(args->[^;]*\);/\1 = args ? \2 : 0;/' \
    "$work/source/newlib/libc/stdlib/__call_atexit.c"
# What only makes its own documentation and tests is not configured.
(
    cd "$work/build"
    # Away from make's own variables: newlib's makefiles are called by another one.
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
    "$work/source/newlib/configure" --host=$host --build="$("$gcc" -dumpmachine)" \
        --prefix=/ --with-cross-host=yes "${options[@]}" \
        CC="$gcc $flags -isystem $("$gcc" -m$bits -print-file-name=include)" \
        AS="as --$bits" AR=ar RANLIB=ranlib CFLAGS= CCASFLAGS="$flags" &&
        make -j"$(nproc)" &&
        for part in "${posix[@]}"; do
            "$gcc" "${posix_flags[@]}" -isystem "$headers" \
                -isystem "$work/build/targ-include" \
                -isystem "$("$gcc" -m$bits -print-file-name=include)" \
                -c -o "${part#*/}.o" "$work/source/newlib/libc/$part.c" || exit 1
        done &&
        posix=("${posix[@]#*/}") && ar rcsD libc.a "${posix[@]/%/.o}"
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
