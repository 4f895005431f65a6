#!/usr/bin/env bash
# Installs what is missing and runs every test, quickest suites first.
#
# usage: Tests/run.sh [SUITE…]      SUITE: format web build swift end-to-end python browser (default: all)
#
# HOLDFAST_BIN          the server that end-to-end, python and browser test (default: the one that "build" makes)
# HOLDFAST_TEST_MINUTES what runs longer than this in all is ended and counts as failed (default: 85)
#
# The last line is "N passed, N failed"; the exit code is 0 only if nothing failed and every suite ran a test.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=docker/packages.sh
. "$root/docker/packages.sh"
cd "$root"

all_suites=(format web build swift end-to-end python browser)
suites=("${all_suites[@]}")
venv=Tests/.venv
deadline=$((${HOLDFAST_TEST_MINUTES:-85} * 60))
reports=$(mktemp -d)
# What the tested clients log waits here for its server, not among what the user's own runs left.
export HOLDFAST_SPOOL=$reports/spool
child=
is_built=true
total_passed=0
total_failed=0
rows=()

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

clean_up() {
    trap - EXIT
    if [ -n "$child" ]; then
        kill -INT "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    rm -rf "$reports"
}

# limited COMMAND… : in a process group of its own, so that nothing of it outlives the deadline or a Ctrl-C.
limited() {
    local left=$((deadline - SECONDS)) status=0
    [ "$left" -gt 0 ] || left=1
    set -m
    # SIGINT, since swift test leaves its own child running on SIGTERM and pytest its fixtures' servers.
    timeout --signal=INT --kill-after=20 "$left" "$@" </dev/null &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    [ "$status" -ne 124 ] || printf 'ended: the time for all suites is up\n'
    return "$status"
}

has_suite() { [[ " ${suites[*]} " == *" $1 "* ]]; }

# --- What the suites need

# Any Python from 3.11 on that can make virtual environments.
python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# has_node MAJOR : node is there in that version or a newer one.
has_node() { node -e "process.exit(parseInt(process.versions.node) < $1 ? 1 : 0)" 2>/dev/null; }

# has_requirements FILE : what it names was installed into the virtual environment.
has_requirements() { [ "$(cat "$venv/$(basename "$1").sum" 2>/dev/null)" = "$(sha256sum <"$1")" ]; }

install_requirements() {
    printf 'Installing the Python packages of %s (about a minute)\n' "$1"
    "$venv/bin/python" -m pip install --quiet --requirement "$1" || return
    sha256sum <"$1" >"$venv/$(basename "$1").sum"
}

install_python_packages() {
    python >/dev/null || install_packages python3 python3-venv
    if ! has_requirements Tests/requirements.txt; then
        "$(python)" -m venv --clear "$venv"
        install_requirements Tests/requirements.txt
    fi
}

install_frameworks() {
    has_requirements Tests/requirements-frameworks.txt || install_requirements Tests/requirements-frameworks.txt ||
        printf 'Tests of Keras, Lightning and torch are skipped: see Tests/requirements-frameworks.txt\n'
}

install() {
    if has_suite web && ! has_node 18; then
        install_packages nodejs
        has_node 18 || die "needs node 18 or newer"
    fi
    if has_suite format || has_suite build || has_suite swift; then
        install_packages "${toolchain_packages[@]}" "${library_packages[@]}"
        need_swift
    fi
    # The test of lost power records the server's writes with a small library; analyze draws with gnuplot, export-video
    # has ffmpeg.
    if has_suite end-to-end; then install_packages gcc libc6-dev ffmpeg gnuplot-nox; fi
    if has_suite browser && [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then install_packages chromium; fi
    if has_suite end-to-end || has_suite python || has_suite browser; then install_python_packages; fi
    if has_suite python; then install_frameworks; fi
}

# --- Suites: each leaves a JUnit or TAP report, or is one check

suite_format() { limited swift format lint --strict --recursive --parallel Package.swift Client Server Tests; }

suite_web() {
    local options=${NODE_OPTIONS:-}
    # Debian 12's node 18 has these two of the browsers' globals behind flags.
    has_node 19 || options+=" --experimental-global-customevent --experimental-global-webcrypto"
    NODE_OPTIONS=$options limited node --test \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$reports/web.tap" Tests/Web/*.test.mjs
}

suite_build() {
    limited swift build --build-tests --explicit-target-dependency-import-check error || is_built=false
    $is_built
}

suite_swift() {
    $is_built || return
    # The same flags as in suite_build: other ones would build everything again.
    limited swift test --disable-xctest --explicit-target-dependency-import-check error \
        --xunit-output "$reports/swift.xml"
}

suite_end_to_end() { pytest_suite end-to-end Tests/EndToEnd; }

suite_python() {
    local status=0
    limited "$venv/bin/python" -m mypy --strict --cache-dir "$reports/mypy" Client/Python/holdfast || status=$?
    pytest_suite python Tests/Python || status=$?
    return "$status"
}

suite_browser() { pytest_suite browser Tests/Browser; }

pytest_suite() {
    local binary=${HOLDFAST_BIN:-}
    if [ -z "$binary" ]; then
        # What an earlier build has left is not what is to be tested.
        $is_built || return
        binary=$(swift build --show-bin-path)/holdfast
    fi
    [ -x "$binary" ] || { printf 'there is no server to test: %s\n' "$binary" && return 1; }
    HOLDFAST_BIN=$(realpath "$binary") PYTHONDONTWRITEBYTECODE=1 limited "$venv/bin/python" -m pytest -q -rs \
        -p no:cacheprovider --rootdir "$2" --junit-xml "$reports/$1.xml" "$2"
}

# --- Counting

# Prints how many tests of a JUnit report passed, failed and were skipped: its own sums count failures, of which
# one test may have several.
count_junit() {
    awk -v RS='<' '
        $1 == "testcase" { tests += 1; is_failed = 0 }
        ($1 == "failure" || $1 == "error") && !is_failed { failed += 1; is_failed = 1 }
        $1 ~ /^skipped/ { skipped += 1 }
        END { print tests - failed - skipped, failed + 0, skipped + 0 }' "$1"
}

# The same of a TAP report of node.
count_tap() {
    awk '/^# pass / { passed = $3 }
        /^# (fail|cancelled) / { failed += $3 }
        /^# (skipped|todo) / { skipped += $3 }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# Sets passed, failed and skipped to what the suite's report says.
read_report() {
    passed=0 failed=0 skipped=0
    if [ -s "$reports/$1.xml" ]; then read -r passed failed skipped < <(count_junit "$reports/$1.xml"); fi
    if [ -s "$reports/$1.tap" ]; then read -r passed failed skipped < <(count_tap "$reports/$1.tap"); fi
}

run_suite() {
    local name=$1 status=0 begin=$SECONDS passed failed skipped note=
    printf '\n=== %s\n' "$name"
    "suite_${name//-/_}" || status=$?
    read_report "$name"
    case $name in
        format | build) [ "$status" -ne 0 ] || passed=1 ;;
    esac
    if ! $is_built && [ "$name" != build ] && [ "$failed" -eq 0 ] && [ "$passed" -eq 0 ]; then
        failed=1 note="not run, the build failed"
    elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1 note="ended with code $status"
    elif [ $((passed + failed)) -eq 0 ]; then
        failed=1 note="ran no test"
    fi
    rows+=("$(printf '%-12s %7d %7d %8d %6d s  %s' \
        "$name" "$passed" "$failed" "$skipped" "$((SECONDS - begin))" "$note")")
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
}

summarize() {
    printf '\n%-12s %7s %7s %8s %8s\n' suite passed failed skipped time
    printf '%s\n' "${rows[@]}"
    printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
    [ "$total_failed" -eq 0 ]
}

case ${1:-} in
    -h | --help) usage && exit 0 ;;
esac
if [ $# -gt 0 ]; then
    suites=("$@")
    for name in "${suites[@]}"; do
        [[ " ${all_suites[*]} " == *" $name "* ]] || die "unknown suite $name; see --help"
    done
fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
install
for name in "${suites[@]}"; do run_suite "$name"; done
summarize
