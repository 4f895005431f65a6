#!/usr/bin/env bash
# Runs the Swift suites under a sanitizer, in a build of its own; anything that it reports makes this fail.
#
# usage: Tests/sanitize.sh thread|address [ARGUMENT…]      ARGUMENT: of swift test, such as --filter NAME
#
# thread    data races; the build is in .build-thread, and its holdfast can be given to the other suites as HOLDFAST_BIN, with
#           LD_PRELOAD=.build-thread/handover.so (see Tests/handover.c)
# address   memory errors and leaks; the build is that of Tests/fuzz.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=docker/packages.sh
. "$root/docker/packages.sh"
cd "$root"

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

kind=${1:-}
[ $# -eq 0 ] || shift
need_swift
spool=$(mktemp -d)
trap 'rm -rf "$spool"' EXIT
export HOLDFAST_SPOOL=$spool
# One test at a time: slow as they are, they would use up each other's limits of time.
options=(--disable-xctest --no-parallel)
case $kind in
    -h | --help) usage ;;
    thread)
        flags=(--sanitize thread --scratch-path .build-thread --explicit-target-dependency-import-check error)
        swift build --build-tests "${flags[@]}"
        clang -shared -fPIC -O1 -o .build-thread/handover.so Tests/handover.c -ldl
        LD_PRELOAD=$root/.build-thread/handover.so swift test "${options[@]}" --skip-build "${flags[@]}" "$@"
        ;;
    address)
        # shellcheck source=Tests/address.sh
        . Tests/address.sh
        build_address
        # The tests' servers would warn of a variable that is none of theirs.
        env -u HOLDFAST_FUZZ swift test "${options[@]}" --skip-build "${address_flags[@]}" "$@"
        ;;
    *) die "needs thread or address; see --help" ;;
esac
