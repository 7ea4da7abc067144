#!/usr/bin/env bash
# build.sh - from a bare Debian or Ubuntu to a running kernel.
#
#   ./build.sh run     install what is missing, build, boot bin/os.bin in QEMU in this terminal
#   ./build.sh test    install what is missing, then run every test
#   ./build.sh build   install what is missing, then build bin/os.bin
#   ./build.sh deps    only install what is missing
#   ./build.sh help    this text
#
# The list of packages is printed before anything is installed. sudo is used when not root.
set -eu
cd "$(dirname "$0")"

# What each is for: build.
PACKAGES="make gcc gcc-multilib nasm python3 mtools dosfstools qemu-system-x86"
# And for the tests: host test library (32 bit), second compiler, gdb's script test, sfdisk; two
# more machines to run on: Bochs, and v86 from npm; for programs with newlib its source, what fetches
# and unpacks other sources, and a Lua to compare with; what looks at the sources; a browser for the
# page that make web builds.
TEST_PACKAGES="libcmocka-dev:i386 clang gdb fdisk bochs bochsbios bochs-term vgabios seabios \
    newlib-source dpkg-dev lua5.4 clang-format clang-tidy cppcheck shellcheck pyflakes3"
if grep -qsx 'ID=ubuntu' /etc/os-release; then
    TEST_PACKAGES="$TEST_PACKAGES chromium-browser chromium-chromedriver"
else
    TEST_PACKAGES="$TEST_PACKAGES chromium chromium-driver"
fi
# Node.js from elsewhere has an npm of its own, beside which Debian's cannot be installed.
if ! command -v npm >/dev/null; then
    TEST_PACKAGES="$TEST_PACKAGES nodejs npm ca-certificates"
fi

usage() {
    sed -n '4,10s/^# \{0,1\}//p' "$0"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "build.sh: packages are missing; run this as root or install sudo." >&2
        exit 1
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install PACKAGE... - those that are missing, if any.
install() {
    missing=""
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "build.sh: this system has no apt-get. Please install the equivalents of:$missing" >&2
        exit 1
    fi
    echo "build.sh: installing:$missing"
    case "$missing" in
        *:i386*)
            if ! dpkg --print-foreign-architectures | grep -qx i386; then
                echo "build.sh: adding the architecture i386 (dpkg --add-architecture)"
                as_root dpkg --add-architecture i386
            fi
            ;;
    esac
    as_root apt-get update -q ||
        echo "build.sh: some package lists could not be updated; trying with those that are there"
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

jobs=$(nproc 2>/dev/null || echo 1)
case "${1:-help}" in
    run)
        # shellcheck disable=SC2086
        install $PACKAGES
        make --no-print-directory -j"$jobs" all
        exec make --no-print-directory run
        ;;
    test)
        # shellcheck disable=SC2086
        install $PACKAGES $TEST_PACKAGES
        exec make --no-print-directory test
        ;;
    build)
        # shellcheck disable=SC2086
        install $PACKAGES
        exec make --no-print-directory -j"$jobs" all
        ;;
    deps)
        # shellcheck disable=SC2086
        install $PACKAGES $TEST_PACKAGES
        ;;
    help | -h | --help) usage ;;
    *)
        echo "build.sh: unknown command '$1'" >&2
        usage >&2
        exit 2
        ;;
esac
