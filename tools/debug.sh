#!/usr/bin/env bash
# tools/debug.sh - QEMU stopped before its first instruction, gdb attached. Called by `make debug`.
# Further arguments go to gdb (a test passes -batch -x SCRIPT).
set -eu
cd "$(dirname "$0")/.."

# Of which kernel: ARCH=x86_64 or i386. drupe_gdb.py asks the same variable.
export ARCH=${ARCH:-i386}
case $ARCH in
    i386) bin=bin ;;
    *) bin=bin/$ARCH ;;
esac
image=$bin/os.bin
port=${GDB_PORT:-$((20000 + $$ % 20000))}
"$(tests/run_qemu.sh --which "$image")" -accel "${ACCEL:-tcg}" -m "${MEMORY:-128}" -nodefaults \
    -drive "file=$image,format=raw,if=ide,snapshot=on" -display none \
    -serial "${SERIAL:-file:build/serial.log}" -no-reboot \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
    -S -gdb "tcp:127.0.0.1:$port" </dev/null &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true' EXIT

[ -n "${SERIAL:-}" ] || echo "The kernel's console goes to build/serial.log (tail -f it)."
gdb -nx -iex "set auto-load no" -ex "set \$drupe_port = $port" -x .gdbinit "$@"
