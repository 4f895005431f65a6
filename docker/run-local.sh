#!/usr/bin/env bash
# Builds Holdfast for release, starts it with a small example of real data and says where the dashboard is.
#
# usage: docker/run-local.sh [--data DIR] [--tcp-port N] [--http-port N] [--episodes N]
#
#   --data DIR      where the data are (default: ${XDG_DATA_HOME:-~/.local/share}/holdfast/example)
#   --tcp-port N    port for training code, 0 = any free one (default: 7411)
#   --http-port N   port of the dashboard, 0 = any free one (default: 7412)
#   --episodes N    length of the example: a policy that learns to balance a pole (default: 400)
#
# Installs what is missing on Debian 12; a Swift toolchain must be there. The example trains once.
# HOLDFAST_… variables reach the server as usual. Ctrl-C stops it; the data stay.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=docker/packages.sh
. "$root/docker/packages.sh"

data=${XDG_DATA_HOME:-$HOME/.local/share}/holdfast/example
tcp_port=7411
http_port=7412
episodes=400
server=
example=
is_serving=false

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# check_port OPTION NUMBER : whether a server can have it; better told before the build than behind it.
check_port() {
    [[ $2 =~ ^[0-9]{1,5}$ && 10#$2 -le 65535 ]] ||
        die "$1 $2 is no port; give one from 1 to 65535, or 0 for any free one"
    ! (: <>"/dev/tcp/127.0.0.1/$2") 2>/dev/null ||
        die "something listens at 127.0.0.1:$2 already; end it, or give another port with $1"
}

parse_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --data | --tcp-port | --http-port | --episodes) [ $# -ge 2 ] || die "$1 needs a value" ;;
            *) die "unknown option $1; see --help" ;;
        esac
        case $1 in
            --data)
                [[ -n $2 && (-d $2 || ! -e $2) ]] || die "--data '$2' is no folder"
                data=$2
                ;;
            --tcp-port) tcp_port=$2 ;;
            --http-port) http_port=$2 ;;
            --episodes)
                [[ $2 =~ ^[0-9]+$ ]] || die "--episodes $2 is no number"
                episodes=$2
                ;;
        esac
        shift 2
    done
    check_port --tcp-port "$tcp_port"
    check_port --http-port "$http_port"
}

build() {
    need_swift
    # gnuplot draws the plots of "holdfast analyze", ffmpeg makes the videos of "holdfast export-video".
    install_packages "${toolchain_packages[@]}" "${library_packages[@]}" ffmpeg gnuplot-nox
    printf 'Building for release (the first time takes five to ten minutes on two cores)\n'
    local product
    for product in holdfast CartPole; do
        swift build -c release --package-path "$root" --product "$product"
    done
    bin=$(swift build -c release --package-path "$root" --show-bin-path)
}

# Starts the server in a process group of its own, so that a Ctrl-C reaches it once, through `stop`.
start() {
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
    log=$data.log
    local arguments=(--data "$data" --tcp "127.0.0.1:$tcp_port" --http "127.0.0.1:$http_port" --web "$root/Web")
    # There until the example has trained to its end: one that failed, or was stopped, is begun again.
    training=$data.training
    if [ ! -e "$data/telemetry/telemetry.sqlite" ]; then
        touch "$training"
        # Frames of one episode resemble each other: none of them on both sides of a split.
        arguments+=(--labels about_to_fall --split-by study)
    fi
    local pipes line= before=0
    if [ -e "$log" ]; then before=$(wc -c <"$log"); fi
    pipes=$(mktemp -d)
    mkfifo "$pipes/ready"
    set -m
    "$bin/holdfast" serve "${arguments[@]}" >"$pipes/ready" 2>>"$log" &
    server=$!
    set +m
    exec 3<"$pipes/ready"
    rm -r "$pipes"
    if ! read -r -t 60 -u 3 line; then
        tail -c "+$((before + 1))" "$log" | tail -n 5 >&2
        die "the server did not start; its whole log is $log (other ports: --tcp-port, --http-port)"
    fi
    tcp=$(member tcp "$line")
    http=$(member http "$line")
    # Without TLS it is HOST:PORT.
    [[ $http == https://* ]] || http=http://$http
    is_serving=true
}

# member NAME JSON : the string member of the server's ready line.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

train() {
    printf 'Training a policy for %s episodes; watch it on the dashboard, %s/\n' "$episodes" "$http"
    set -m
    "$bin/CartPole" --server "$tcp" --episodes "$episodes" </dev/null &
    example=$!
    set +m
    wait "$example" || die "the example failed; the server's log is $log"
    example=
    rm -f "$training"
}

stop() {
    trap - EXIT INT TERM
    local process
    for process in $example $server; do
        kill -TERM "$process" 2>/dev/null || continue
        wait "$process" || true
    done
    if $is_serving; then printf '\nStopped. The data stay in %s\n' "$data"; fi
}

parse_options "$@"
build
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start
if [ -e "$training" ]; then train; fi
cat <<TEXT

  Dashboard       $http/
  Training code   $tcp
  Data            $data
  Log             $log

Ctrl-C stops the server.
TEXT
wait "$server" || die "the server ended by itself; its log is $log"
