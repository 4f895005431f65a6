# shellcheck shell=bash
# Sourced by scripts that need packages of Debian 12: installs those that are missing, as root or through sudo.

# What the Swift toolchain needs to compile and link.
# shellcheck disable=SC2034  # for the scripts that source this file
toolchain_packages=(binutils-gold ca-certificates gcc git libc6-dev libcurl4-openssl-dev libncurses6 libstdc++-12-dev libxml2-dev tzdata)

# The C libraries under the server and how the build finds them.
# shellcheck disable=SC2034
library_packages=(libdeflate-dev libhdf5-dev libpng-dev libsqlite3-dev pkg-config zlib1g-dev)

# Says what went wrong and ends the script.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root to run: $*; become root or install sudo"
    fi
}

# is_installed NAME : by its own name or as part of another package, as binutils-gold is of Debian 12's binutils.
is_installed() {
    dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
        sed -n 's/^installed //p' | grep -E "(^|, )${1//+/[+]}( |,|\$)" >/dev/null
}

# install_packages NAME… : asks for nothing when all are there.
install_packages() {
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "needs apt-get to install: ${missing[*]}"
    printf 'Installing %s (about a minute)\n' "${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_swift() {
    command -v swift >/dev/null || die "needs a Swift toolchain, 6.2 or newer, with 'swift' on the PATH"
}
