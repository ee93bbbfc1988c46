#!/usr/bin/env bash
# engine.sh COMMAND [ARGUMENT...]: runs a command that needs a container engine and the base image.
#
# With a docker that works and can fetch the base image, the command is simply run. Without one, but as root on Debian bookworm,
# a private engine is started for it: Debian's dockerd with its own folder and socket, without a bridge or a firewall rule, and
# a stand-in for the base image (a minimal Debian with a Python in /usr/local), since where there is no engine there often is no
# image registry either. All of it is removed in the end, except Debian's packages. Where nothing of this is possible, the last
# line says SKIPPED and the command is not run.
#
# For the command: DOCKER_HOST, docker on the PATH, and in DOCKER_BUILD_OPTIONS what `docker build` has to be given.
#
#   DOCKER_BASE_TAR=FILE   keeps the stand-in's file system in FILE between runs
set -euo pipefail

BASE_IMAGE=python:3.12-slim-bookworm
STAND_IN=localhost/lvos-eval-base:stand-in
PACKAGES=(docker.io mmdebstrap)

say() { printf 'engine: %s\n' "$*" >&2; }

skip() {
    printf '\nSKIPPED, nothing was built or run: %s\nSKIPPED: %s\n' "$1" "$COMMAND"
    exit 0
}

engine_works() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

base_image_can_be_had() {
    docker image inspect "$BASE_IMAGE" >/dev/null 2>&1 || timeout 300 docker pull --quiet "$BASE_IMAGE" >/dev/null 2>&1
}

clean_up() {
    local code=$? mount
    trap - EXIT
    trap '' INT TERM PIPE
    set +e
    [ -z "$DOCKERD" ] || { kill "$DOCKERD" && wait "$DOCKERD"; } 2>/dev/null
    # whatever a killed daemon leaves mounted has to go before the folder does
    awk -v below="$FOLDER/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r |
        while read -r mount; do umount "$mount"; done
    rm -rf --one-file-system "$FOLDER"
    exit "$code"
}

install_packages() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing Debian's ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update -qq >"$FOLDER/apt.log" 2>&1 || true
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >>"$FOLDER/apt.log" 2>&1 ||
        skip "Debian's ${missing[*]} cannot be installed ($(grep -m1 '^E:' "$FOLDER/apt.log"))"
}

start_engine() {
    local storage
    mkdir "$FOLDER/bin"
    # Debian's own client, which has BuildKit in it; a newer one on the PATH would need a plug-in for that
    ln -s /usr/bin/docker "$FOLDER/bin/docker"
    export PATH="$FOLDER/bin:$PATH" DOCKER_HOST="unix://$FOLDER/docker.sock" DOCKER_CONFIG="$FOLDER/config" DOCKER_BUILDKIT=1
    unset DOCKER_CONTEXT
    for storage in overlay2 vfs; do
        /usr/sbin/dockerd --data-root "$FOLDER/data" --exec-root "$FOLDER/exec" --pidfile "$FOLDER/dockerd.pid" \
            --host "$DOCKER_HOST" --storage-driver "$storage" --bridge=none --iptables=false --ip6tables=false \
            >"$FOLDER/dockerd.log" 2>&1 &
        DOCKERD=$!
        for _ in {1..60}; do
            ! engine_works || { say "private dockerd, storage $storage"; return 0; }
            kill -0 "$DOCKERD" 2>/dev/null || break
            sleep 0.5
        done
        kill "$DOCKERD" 2>/dev/null || true
        wait "$DOCKERD" 2>/dev/null || true
        DOCKERD=
    done
    skip "dockerd does not start here: $(tail -1 "$FOLDER/dockerd.log")"
}

# The prefix of a Python 3.12 with a folder of its own, which can be copied; nothing where there is none.
find_python() {
    local python prefix
    for python in "$(command -v python3.12)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python3.12; do
        prefix=$("$python" -c 'import sys; print(sys.base_prefix)' 2>/dev/null) || continue
        [ "$prefix" = /usr ] || { echo "$prefix"; return 0; }
    done
}

make_base() {
    local root=$FOLDER/root prefix index include=ca-certificates,netbase,tzdata
    prefix=$(find_python)
    if [ -n "$prefix" ]; then
        include+=,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,libuuid1,zlib1g
    else
        include+=,python3,python3-pip,python3-venv
    fi
    mmdebstrap --quiet --mode=root --format=directory --variant=minbase --dpkgopt=force-unsafe-io \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --include="$include" bookworm "$root"
    rm -rf "$root"/usr/share/{man,doc,locale}/* "$root"/var/cache/apt/*.bin "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
    if [ -n "$prefix" ]; then
        tar -C "$prefix" --exclude=__pycache__ --exclude='lib/python3*/test' --exclude='lib/python3*/site-packages/*' \
            --exclude='*.a' --exclude='bin/*-config' -cf - bin/python3 bin/python3.12 lib include | tar -C "$root/usr/local" --no-same-owner -xf -
        chroot "$root" ldconfig
        chroot "$root" python3 -m ensurepip >/dev/null
    fi
    # what this machine needs to reach its package index: its certificates, its mirror
    cp "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" "$root/etc/ssl/certs/ca-certificates.crt"
    index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n%s\n' "${index:+index-url = $index}" >"$root/etc/pip.conf"
    chmod a+r "$root/etc/pip.conf" "$root/etc/ssl/certs/ca-certificates.crt"
    say "stand-in base image: Debian bookworm with $(chroot "$root" python3 -V)"
    tar -C "$root" --numeric-owner --exclude='./dev/*' -cf "$1.part" . && mv "$1.part" "$1"
    rm -rf --one-file-system "$root"
}

import_base() {
    local tar=${DOCKER_BASE_TAR:-$FOLDER/base.tar} variable
    [ -f "$tar" ] || make_base "$tar"
    docker import "$tar" "$STAND_IN" >/dev/null
    [ -n "${DOCKER_BASE_TAR-}" ] || rm "$tar"
    DOCKER_BUILD_OPTIONS="--network host --build-arg BASE_IMAGE=$STAND_IN"
    for variable in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
        [ -z "${!variable-}" ] || DOCKER_BUILD_OPTIONS+=" --build-arg $variable"
    done
    export DOCKER_BUILD_OPTIONS
}

[ $# -gt 0 ] || { echo "usage: ${0##*/} COMMAND [ARGUMENT...]" >&2; exit 2; }
COMMAND=$*

# inside a run of this script, or on a machine with docker and its registry, there is nothing to bring
if engine_works && { [ -n "${DOCKER_BUILD_OPTIONS-}" ] || base_image_can_be_had; }; then
    exec "$@"
fi
engine_works && reason="the engine cannot fetch $BASE_IMAGE" || reason="no container engine answers"
[ "$(id -u)" = 0 ] || skip "$reason, and only root could start one"
grep -qs 'VERSION_CODENAME=bookworm' /etc/os-release || skip "$reason, and this is not Debian bookworm, where one could be started"

say "$reason; a private one is started"
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/lvos-engine.XXXXXX")
DOCKERD=
trap clean_up EXIT
trap 'exit 130' INT TERM PIPE
install_packages
start_engine
import_base
"$@"
