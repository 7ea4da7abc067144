#!/usr/bin/env bash
# tests/run_qemu.sh IMAGE [qemu arguments] - boots IMAGE headless and reports how init ended.
#
# Serial goes to stdout. Exit status: 0 = init exited with status 0, 1 = with another status,
# 2 = kernel panic, 3 = QEMU ended in some other way, 124 = TIMEOUT_S seconds (60 if unset) passed.
set -u

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "$0"
}

case "${1:-}" in
    -h | --help) usage; exit 0 ;;
    "") usage >&2; exit 64 ;;
esac
image=$1
shift
if [ ! -r "$image" ]; then
    echo "run_qemu.sh: cannot read $image" >&2
    exit 66
fi

# Later arguments win, so "-m 20" or "-machine q35" may follow. An argument that attaches the
# image itself (it contains the image's name) replaces the IDE disk.
# QEMU reads a comma in a name from two.
disk=(-drive "file=${image//,/,,},format=raw,if=ide,snapshot=on")
for argument in "$@"; do
    case "$argument" in *"file=$image"*) disk=() ;; esac
done

timeout --kill-after=5 "${TIMEOUT_S:-60}" \
    "${QEMU:-qemu-system-i386}" -accel "${ACCEL:-tcg}" -m 128 -nodefaults -display none \
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
