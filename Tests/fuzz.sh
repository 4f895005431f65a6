#!/usr/bin/env bash
# Looks for inputs that code which takes bytes from outside gets wrong: libFuzzer makes them by the code that they reach,
# beginning with Tests/FuzzTests/Corpus, while the address sanitizer watches.
#
# usage: Tests/fuzz.sh [--seconds N] [--jobs N] [--keep] [TARGET…]      TARGET: a folder of the corpus
#
# --seconds N   how long each target is tried (default: 600)
# --jobs N      how many targets are tried at the same time (default: 1)
# --keep        adds inputs that reach new code to the corpus, as few as do
#
# Without targets, all but array-files are tried: libhdf5 does not survive every damaged file, which says nothing of our code.
# Sound files with any content are tried as imports.
#
# What was found lies in .build-fuzz/findings, what libFuzzer says of a target in .build-fuzz/logs. Put a finding into the
# target's folder of the corpus, under a name that says what it shows, together with the fix: the ordinary tests then run it
# each time. .build-fuzz/driver TARGET FILE… runs inputs once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=docker/packages.sh
. "$root/docker/packages.sh"
# shellcheck source=Tests/address.sh
. "$root/Tests/address.sh"
cd "$root"

corpus=Tests/FuzzTests/Corpus
seconds=600
jobs=1
is_kept=false
targets=()

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --seconds) seconds=${2:?--seconds needs a number} && shift ;;
        --jobs) jobs=${2:?--jobs needs a number} && shift ;;
        --keep) is_kept=true ;;
        -*) die "unknown option $1; see --help" ;;
        *)
            [ -d "$corpus/$1" ] || die "there is no target $1; the targets are: $(ls $corpus | xargs)"
            targets+=("$1")
            ;;
    esac
    shift
done
if [ ${#targets[@]} -eq 0 ]; then
    for folder in "$corpus"/*/; do
        [ "$(basename "$folder")" = array-files ] || targets+=("$(basename "$folder")")
    done
fi

# Writes the program that runs a target with libFuzzer's arguments. libFuzzer starts it itself, too, so it is one word.
write_driver() {
    cat >"$1.new" <<DRIVER
#!/usr/bin/env bash
# usage: driver TARGET [LIBFUZZER ARGUMENT…]
if [ -z "\${HOLDFAST_FUZZ_TARGET:-}" ]; then export HOLDFAST_FUZZ_TARGET=\$1 && shift; fi
export HOLDFAST_FUZZ_ARGUMENTS=\$(printf '%s\n' "\$0" "\$@")
# Swift's own report of a crash would come before libFuzzer's, which keeps the input.
export SWIFT_BACKTRACE=enable=no
# libFuzzer ends the process while threads run: what they hold then would count as lost. Tests/sanitize.sh looks for leaks.
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
export TMPDIR=\${TMPDIR:-$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)}
exec "$address_binary" --testing-library swift-testing --filter FuzzCampaign
DRIVER
    chmod +x "$1.new"
    # Another run of this script may be using it.
    mv "$1.new" "$1"
}

# fuzz TARGET : until its time is over or it finds something.
fuzz() {
    mkdir -p "$address_path/found/$1"
    "$driver" "$1" -max_total_time="$seconds" -max_len=16384 -timeout=30 -report_slow_units=30 \
        -rss_limit_mb=3000 -malloc_limit_mb=600 -detect_leaks=0 -print_final_stats=1 \
        -artifact_prefix="$address_path/findings/$1-" \
        "$address_path/found/$1" "$corpus/$1"
}

# keep TARGET : of what was found, what reaches code that the corpus does not.
keep() { "$driver" "$1" -set_cover_merge=1 -max_len=16384 -detect_leaks=0 "$corpus/$1" "$address_path/found/$1"; }

# try TARGET : its campaign, and what came of it in a line.
try() {
    local log="$address_path/logs/$1" begin count status=0
    begin=$(find "$address_path/findings" -name "$1-*" | wc -l)
    fuzz "$1" >"$log" 2>&1 || status=$?
    count=$(($(find "$address_path/findings" -name "$1-*" | wc -l) - begin))
    # A process that ends without libFuzzer's word has found something, too.
    if [ "$status" -ne 0 ] && [ "$count" -eq 0 ]; then
        tail -n 20 "$log" >&2
        count=1
    fi
    if $is_kept; then keep "$1" >>"$log" 2>&1 || status=$?; fi
    printf '%s: %s inputs, %s edges, %s findings\n' "$1" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)" \
        "$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d ' ' -f 2)" "$count"
    [ "$status" -eq 0 ] && [ "$count" -eq 0 ]
}

need_swift
build_address
driver=$root/$address_path/driver
mkdir -p "$address_path/findings" "$address_path/logs"
write_driver "$driver"
running=0
failed=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "$jobs" ]; then wait -n || failed=$((failed + 1)) && running=$((running - 1)); fi
    try "$target" &
    running=$((running + 1))
done
for ((; running > 0; running--)); do wait -n || failed=$((failed + 1)); done
[ "$failed" -eq 0 ] || die "$failed of ${#targets[@]} targets have findings; see $address_path/findings and $address_path/logs"
