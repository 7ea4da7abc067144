#!/usr/bin/env bash
# build.sh - from a bare Debian or Ubuntu to a running kernel.
#
#   ./build.sh run      install what is missing, build, boot bin/os.bin in QEMU in this terminal
#   ./build.sh run-gui  the same in QEMU's window
#   ./build.sh test     install what is missing, then run every test
#   ./build.sh build    install what is missing, then build bin/os.bin
#   ./build.sh deps     only install what is missing
#   ./build.sh help     this text
#
# What is missing, and how much it brings, is printed before anything is installed. sudo is used when
# not root.
set -eu
cd "$(dirname "$0")"

# What each is for: build.
PACKAGES="make gcc gcc-multilib nasm python3 mtools dosfstools qemu-system-x86"
# QEMU's window.
WINDOW_PACKAGES="qemu-system-gui"
# And for the tests: host test library (32 and 64 bit), second compiler, gdb's script test, sfdisk; two
# more machines to run on: Bochs, and v86 from npm; for programs with newlib its source, what fetches
# and unpacks other sources, and a Lua to compare with; what looks at the sources; a browser for the
# page that make web builds.
TEST_PACKAGES="libcmocka-dev:i386 libcmocka-dev:amd64 clang gdb fdisk bochs bochsbios bochs-term vgabios \
    seabios \
    newlib-source dpkg-dev lua5.4 clang-format clang-tidy cppcheck shellcheck pyflakes3"
if grep -qsx 'ID=ubuntu' /etc/os-release; then
    # chromium-browser is a pointer to a snap there; Qt's browser has the same engine.
    TEST_PACKAGES="$TEST_PACKAGES python3-pyqt6.qtwebengine"
else
    TEST_PACKAGES="$TEST_PACKAGES chromium"
fi
# Node.js from elsewhere has an npm of its own, beside which Debian's cannot be installed.
if ! command -v npm >/dev/null; then
    TEST_PACKAGES="$TEST_PACKAGES nodejs npm ca-certificates"
fi

usage() {
    sed -n '4,9s/^# \{0,1\}//p' "$0"
}

# refuse SENTENCE... - nothing has been changed up to here.
refuse() {
    echo "build.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# May this user install? Asks for the password, if sudo wants one.
check_rights() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null ||
        refuse "you are not root, and sudo is not installed. Nothing was installed: run this as root" \
            "(su -c './build.sh $command')."
    sudo -v ||
        refuse "sudo has refused (its reason stands above). Nothing was installed: run this as root or as" \
            "a user who may use sudo."
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# What apt says about the packages, in its own words; nothing where its lists do not know them all.
size_by_apt() {
    LC_ALL=C apt-get install --print-uris -y -q --no-install-recommends -o Debug::NoLocking=1 "$@" \
        2>/dev/null | sed -n -e 's/^Need to get \(.*\) of archives\..*/\1 to fetch, /p' \
        -e 's/^After this operation, \(.*\) of additional disk space will be used\..*/\1 on the disk/p' |
        tr -d '\n'
}

# install SIZE PACKAGE... - those that are missing, if any. SIZE: all of them on a bare Debian 13,
# for systems whose apt cannot say.
install() {
    bare_size=$1
    shift
    missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        refuse "this system has no apt-get. Please install the equivalents of: ${missing[*]}"
    size=$(size_by_apt "${missing[@]}") || size=""
    echo "build.sh: packages are missing: ${missing[*]}"
    echo "build.sh: with what they need: ${size:-up to $bare_size on the disk (on a bare system)}."
    check_rights
    case "${missing[*]}" in
        *:i386*)
            if ! dpkg --print-foreign-architectures | grep -qx i386; then
                echo "build.sh: adding the architecture i386 (dpkg --add-architecture)"
                as_root dpkg --add-architecture i386
            fi
            ;;
    esac
    as_root apt-get update -q ||
        echo "build.sh: some package lists could not be updated; trying with those that are there"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "${missing[@]}" ||
        refuse "apt-get could not install them: its reason stands above."
}

jobs=$(nproc 2>/dev/null || echo 1)
command=${1:-help}
# shellcheck disable=SC2086 # lists of words
case "$command" in
    run)
        install "0.4 GB" $PACKAGES
        make --no-print-directory -j"$jobs" all
        exec make --no-print-directory run
        ;;
    run-gui)
        install "0.5 GB" $PACKAGES $WINDOW_PACKAGES
        make --no-print-directory -j"$jobs" all
        exec make --no-print-directory run-gui
        ;;
    test)
        install "1.9 GB" $PACKAGES $TEST_PACKAGES
        exec make --no-print-directory test
        ;;
    build)
        install "0.4 GB" $PACKAGES
        exec make --no-print-directory -j"$jobs" all
        ;;
    deps)
        install "1.9 GB" $PACKAGES $TEST_PACKAGES
        ;;
    help | -h | --help) usage ;;
    *)
        echo "build.sh: unknown command '$command'" >&2
        usage >&2
        exit 2
        ;;
esac
