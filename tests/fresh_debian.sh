#!/usr/bin/env bash
# fresh_debian.sh - does all that the README promises work on a system where nothing is installed yet?
#
# usage: tests/fresh_debian.sh [options] 12|13|ubuntu
#
# Builds a bare Debian 12, Debian 13 or Ubuntu LTS in a folder, with an ordinary user who may use sudo,
# clones the repository's last commit into it, and runs both commands of the README there as that user:
# ./build.sh run (exit is typed at the shell) and ./build.sh test. Needs root, debootstrap and git here,
# some 5 GB, and half an hour. The last line says what came of it; the logs stay beside the folder.
#
#   --dir FOLDER          where the system is built (/var/tmp/drupe-fresh-SYSTEM); it must not exist
#   --copy FILE[=PLACE]   a file or folder of this machine that the new system needs at the same place,
#                         or at PLACE: certificates, a proxy's settings; may be given again
#   --mirror URL          the archive that packages come from
#   --keyring FILE        the archive's keys, where this machine's own are too old
#   --suite NAME          another release, by its name in the archive
#   --only run|test       one of the two commands
#   --keep                leave the folder there; without it, it is removed
#   --again               use the folder that --keep has left, with the repository's commit of now
#
# The new system sees no disk and no process of this one: it has a /dev of its own, and its mounts end
# with the script.
set -eu

USER_NAME=drupe
HOME_FOLDER=/home/$USER_NAME
WAIT_SECONDS=3600 # detects hangs only

say() {
    echo "fresh_debian.sh: $*"
}

fail() {
    say "$*" >&2
    exit 1
}

usage() {
    sed -n '4,20s/^# \{0,1\}//p' "$0"
}

wrong_usage() {
    say "$*" >&2
    usage >&2
    exit 2
}

# ---------------------------------------------------------------- inside: own mounts, own processes

# in_system COMMAND - by the user's shell, in the clone.
in_system() {
    chroot "$dir" su -l "$USER_NAME" -c "cd $HOME_FOLDER/drupe && $1"
}

mount_system() {
    mount -t proc proc "$dir/proc"
    mount -t sysfs -o ro sysfs "$dir/sys"
    mkdir -p "$dir/dev/pts" "$dir/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$dir/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$dir/dev/shm"
    ln -sf pts/ptmx "$dir/dev/ptmx"
}

# Types exit as soon as the shell asks for a command. The status is that of build.sh.
run_and_exit() {
    keys=$dir.keys
    rm -f "$keys"
    mkfifo "$keys"
    exec 3<>"$keys" # both ends: neither side waits for the other to open it
    in_system "./build.sh run" <"$keys" >"$dir.run.log" 2>&1 &
    runner=$!
    seconds=0
    until grep -q 'drupe> ' "$dir.run.log"; do
        kill -0 "$runner" 2>/dev/null || break
        [ "$seconds" -lt "$WAIT_SECONDS" ] || { kill "$runner"; break; }
        seconds=$((seconds + 1))
        sleep 1
    done
    printf 'exit\r' >&3
    status=0
    wait "$runner" || status=$?
    exec 3>&-
    rm -f "$keys"
    tail -3 "$dir.run.log"
    [ "$status" -eq 0 ] && grep -q 'init exited with status 0' "$dir.run.log"
}

run_tests() {
    status=0
    in_system "./build.sh test" </dev/null >"$dir.test.log" 2>&1 || status=$?
    grep -E '\.\.\. FAIL|\[  FAILED  \]' "$dir.test.log" || true
    tail -1 "$dir.test.log"
    [ "$status" -eq 0 ]
}

inside() {
    mount_system
    result=0
    if [ "$only" != test ]; then
        say "./build.sh run (log: $dir.run.log)"
        run_and_exit || { say "./build.sh run FAILED"; result=1; }
    fi
    if [ "$only" != run ]; then
        say "./build.sh test (log: $dir.test.log)"
        run_tests || { say "./build.sh test FAILED"; result=1; }
    fi
    exit "$result"
}

# ---------------------------------------------------------------- outside

make_system() {
    say "debootstrap of $suite from $mirror into $dir"
    set -- --variant=minbase --include=sudo --components="$components"
    [ -z "$keyring" ] || set -- "$@" --keyring="$keyring"
    # A release that this machine's debootstrap does not know yet is built like the ones before it.
    script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/$like
    debootstrap "$@" "$suite" "$dir" "$mirror" "$script" >"$dir.debootstrap.log" 2>&1 || {
        tail -5 "$dir.debootstrap.log" >&2
        fail "debootstrap failed (log: $dir.debootstrap.log). If the signature is of an unknown key," \
            "install the archive's newest keyring package here, or name its file with --keyring."
    }
    # No service may start in there.
    printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
    chmod +x "$dir/usr/sbin/policy-rc.d"
    chroot "$dir" useradd -m -s /bin/bash "$USER_NAME"
    echo "$USER_NAME ALL=(ALL) NOPASSWD: ALL" >"$dir/etc/sudoers.d/$USER_NAME"
    rm -f "$dir/etc/resolv.conf"
    cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
    grep -q "$(hostname)" "$dir/etc/hosts" 2>/dev/null || echo "127.0.1.1 $(hostname)" >>"$dir/etc/hosts"
}

# By programs of the new system, so that its links lead to its own files and never out of it.
copy_files() {
    [ "${#copies[@]}" -gt 0 ] || return 0
    for item in "${copies[@]}"; do
        from=${item%%=*}
        to=$(realpath -ms "${item#*=}")
        if [ -d "$from" ]; then
            chroot "$dir" mkdir -p "$to"
            tar -C "$from" -chf - . | chroot "$dir" tar -C "$to" -xf -
        else
            chroot "$dir" mkdir -p "$(dirname "$to")"
            # shellcheck disable=SC2016 # $1 is the inner shell's
            chroot "$dir" sh -c 'rm -f "$1" && cat >"$1"' sh "$to" <"$from"
        fi
    done
}

clone() {
    rm -rf "$dir$HOME_FOLDER/drupe"
    git clone -q --no-hardlinks "$root" "$dir$HOME_FOLDER/drupe"
    chroot "$dir" chown -R "$USER_NAME:$USER_NAME" "$HOME_FOLDER"
}

system="" dir="" mirror="" keyring="" suite="" only="" keep="" again="" is_inside=""
copies=()
while [ $# -gt 0 ]; do
    case "$1" in
        -h | --help) usage; exit 0 ;;
        --keep) keep=1 ;;
        --again) again=1 ;;
        --inside) is_inside=1 ;;
        --dir | --copy | --mirror | --keyring | --suite | --only)
            [ $# -gt 1 ] || wrong_usage "$1 wants a value"
            case "$1" in
                --dir) dir=$(realpath -m "$2") ;;
                --copy) copies+=("$2") ;;
                --mirror) mirror=$2 ;;
                --keyring) keyring=$2 ;;
                --suite) suite=$2 ;;
                --only) only=$2 ;;
            esac
            shift
            ;;
        -*) wrong_usage "unknown option '$1'" ;;
        *)
            [ -z "$system" ] || wrong_usage "one system at a time: '$system' or '$1'"
            system=$1
            ;;
    esac
    shift
done
case "$system" in
    12) default=bookworm ;;
    13) default=trixie ;;
    ubuntu) default=resolute ;;
    "") wrong_usage "which system?" ;;
    *) wrong_usage "'$system' is none of 12, 13, ubuntu" ;;
esac
case "$only" in
    "" | run | test) ;;
    *) wrong_usage "--only takes run or test, not '$only'" ;;
esac
suite=${suite:-$default}
if [ "$system" = ubuntu ]; then
    mirror=${mirror:-http://archive.ubuntu.com/ubuntu}
    components=main,universe
    like=gutsy
    [ -n "$keyring" ] || [ ! -e /usr/share/keyrings/ubuntu-archive-keyring.gpg ] ||
        keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
else
    mirror=${mirror:-http://deb.debian.org/debian}
    components=main
    like=sid
fi
dir=${dir:-/var/tmp/drupe-fresh-$system}
[ -z "$is_inside" ] || inside

root=$(dirname "$(dirname "$(realpath "$0")")")
for item in ${copies[@]+"${copies[@]}"}; do
    [ -e "${item%%=*}" ] || fail "--copy: ${item%%=*} does not exist"
done
case "$dir/" in
    "$root"/*) fail "$dir lies in the repository; --dir names another folder" ;;
esac
[ "$(id -u)" -eq 0 ] || fail "root is needed: debootstrap makes device files and chroot enters the system"
for tool in debootstrap git unshare; do
    command -v "$tool" >/dev/null || fail "$tool is not installed (apt-get install debootstrap git util-linux)"
done
if [ -n "$again" ]; then
    [ -e "$dir$HOME_FOLDER" ] || fail "$dir has no such system; leave out --again"
elif [ -e "$dir" ]; then
    fail "$dir exists already: remove it, or use it with --again"
fi
mkdir -p "$(dirname "$dir")"

finish() {
    status=$?
    [ -n "$keep" ] || rm -rf --one-file-system "$dir"
    if [ "$status" -eq 0 ]; then say "$suite: passed"; else say "$suite: FAILED"; fi
}
trap finish EXIT

[ -n "$again" ] || make_system
copy_files
clone
# Mounts and processes of its own: all of them end with this command, however it ends.
unshare --mount --propagation private --pid --fork --kill-child --ipc \
    "$0" --inside --dir "$dir" ${only:+--only "$only"} "$system"
