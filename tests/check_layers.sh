#!/usr/bin/env bash
# tests/check_layers.sh - which file may include which.
#
# Each folder under src/ has a layer; a file includes its own layer or a lower one, never a
# higher. Inside memory/, the heap includes neither paging nor arch, and of the names of the five
# documents (memory/seeds/) a file includes one header at most, from that folder only. Prints
# "name ... ok" lines.
set -u
cd "$(dirname "$0")/.." || exit 1

# The layer of a path relative to src/; 99 for one that has none yet.
layer() {
    case "$1" in
        config.h | layout.h | status.h | abi/* | lib/*) echo 0 ;;
        arch/x86/cpu.h | arch/x86/io.h | arch/i386/trap_frame.h) echo 0 ;;
        debug/*) echo 1 ;;
        arch/*) echo 2 ;;
        memory/*) echo 3 ;;
        drivers/*) echo 4 ;;
        fs/*) echo 5 ;;
        task/*) echo 6 ;;
        syscall/*) echo 7 ;;
        kernel/*) echo 8 ;;
        *) echo 99 ;;
    esac
}

files=0
failures=""
while IFS= read -r file; do
    files=$((files + 1))
    own=$(layer "${file#src/}")
    document=""
    if [ "$own" = 99 ]; then
        failures="$failures $file (no layer);"
    fi
    while IFS= read -r include; do
        # The file's own folder, or src/.
        other=$include
        [ -e "src/$include" ] || other="$(dirname "${file#src/}")/$include"
        if [ ! -e "src/$other" ]; then
            failures="$failures $file includes \"$include\", which does not exist;"
        elif [ "$(layer "$other")" -gt "$own" ]; then
            failures="$failures $file includes \"$include\", a higher layer;"
        fi
        case "$file:$other" in
            src/memory/heap/*:memory/paging/* | src/memory/heap/*:arch/*)
                failures="$failures $file: the heap knows neither paging nor arch;" ;;
            *:memory/seeds/seeds.h | src/memory/seeds/*:memory/seeds/heap_steps.h) ;;
            src/memory/seeds/*:memory/seeds/*)
                [ -z "$document" ] || failures="$failures $file includes $document and $other;"
                document=$other ;;
            *:memory/seeds/*)
                failures="$failures $file: the five documents' names are for memory/seeds/ alone;" ;;
            src/kernel/*:kernel/*) ;;
            *:kernel/*) failures="$failures $file includes the kernel layer;" ;;
        esac
    done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")
done < <(find src -name '*.[ch]' | sort)

if [ "$files" -eq 0 ]; then
    echo "layers: sources found ... FAIL: none"
    exit 1
fi
if [ -n "$failures" ]; then
    echo "layers: every include points down ... FAIL:$failures"
    exit 1
fi
echo "layers: every include points down ... ok"
