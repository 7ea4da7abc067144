#!/usr/bin/env bash
# tests/run_qemu.sh IMAGE [qemu arguments] - boots IMAGE headless and reports how init ended.
# tests/run_qemu.sh --which IMAGE          - only prints which QEMU that image needs.
#
# Serial goes to stdout. Exit status: 0 = init exited with status 0, 1 = with another status,
# 2 = kernel panic, 3 = QEMU ended in some other way, 124 = TIMEOUT_S seconds (60 if unset) passed.
set -u

usage() {
    sed -n '2,6s/^# \{0,1\}//p' "$0"
}

# The kernel's header (src/abi/kernel_header.h) begins at LBA 1: its magic at 8, its word size at 24.
# An image without one is a test of the boot sector: any QEMU shows what that does. QEMU=... decides alone.
which_qemu() {
    if [ -n "${QEMU:-}" ]; then
        echo "$QEMU"
        return
    fi
    local words
    read -ra words < <(od -A n -t u4 -j 512 -N 28 "$1" | tr '\n' ' ')
    if [ "${words[2]:-0}" = $((0x4B505244)) ] && [ "${words[6]:-0}" = 64 ]; then
        echo qemu-system-x86_64
    else
        echo qemu-system-i386
    fi
}

only_which=
case "${1:-}" in
    -h | --help) usage; exit 0 ;;
    --which) only_which=1; shift ;;
esac
if [ $# = 0 ]; then
    usage >&2
    exit 64
fi
image=$1
shift
if [ ! -r "$image" ]; then
    echo "run_qemu.sh: cannot read $image" >&2
    exit 66
fi
qemu=$(which_qemu "$image")
if [ -n "$only_which" ]; then
    echo "$qemu"
    exit 0
fi

# Later arguments win, so "-m 20" or "-machine q35" may follow. An argument that attaches the
# image itself (it contains the image's name) replaces the IDE disk.
# QEMU reads a comma in a name from two.
disk=(-drive "file=${image//,/,,},format=raw,if=ide,snapshot=on")
for argument in "$@"; do
    case "$argument" in *"file=$image"*) disk=() ;; esac
done

timeout --kill-after=5 "${TIMEOUT_S:-60}" \
    "$qemu" -accel "${ACCEL:-tcg}" -m 128 -nodefaults -display none \
    -no-reboot -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
    ${disk[@]+"${disk[@]}"} "$@" </dev/null
status=$?

# isa-debug-exit: (value << 1) | 1 with value 0x10, 0x11, 0x12.
case $status in
    33) exit 0 ;;
    35) exit 1 ;;
    37) exit 2 ;;
    124 | 137) exit 124 ;;
    *)
        echo "run_qemu.sh: QEMU ended with status $status" >&2
        exit 3
        ;;
esac
