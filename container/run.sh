#!/usr/bin/env bash
# Builds the image and runs it on your files, hardened: no network, nothing writable but the output folder, no privileges.
#
#   container/run.sh build
#   container/run.sh sbom
#   container/run.sh check SUBMISSION REFERENCE [OPTION...]
#   container/run.sh score SUBMISSION REFERENCE OUTPUT [OPTION...]
#
# OPTION is one of lvos-eval, such as --strict. Set in the environment: IMAGE (lvos-eval), MEMORY (4g), DOCKER (docker).
set -euo pipefail

IMAGE=${IMAGE:-lvos-eval}
MEMORY=${MEMORY:-4g}
DOCKER=${DOCKER:-docker}
HARDENING=(--network none --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --tmpfs /tmp)

fail() {
    printf '%s\n' "$@" >&2
    exit 2
}

usage() {
    fail "${1:-no command is given}" \
        "usage: make image" \
        "       make docker-check SUBMISSION=submission.zip REFERENCE=lvos_valid" \
        "       make docker-score SUBMISSION=submission.zip REFERENCE=lvos_valid OUTPUT=results"
}

need_engine() {
    local answer
    command -v "$DOCKER" >/dev/null ||
        fail "no container engine: there is no \"$DOCKER\" on the PATH" \
            "install Docker Engine or Docker Desktop; or run without a container: make check, make score"
    answer=$("$DOCKER" version --format '{{.Server.Version}}' 2>&1 >/dev/null) && return
    case $answer in
    *"permission denied"*)
        fail "you are not allowed to use the container engine (permission denied on its socket)" \
            "join its group with  sudo usermod -aG docker \"\$USER\"  and log in again; or run without a container: make check"
        ;;
    esac
    fail "the container engine does not answer: ${answer##*$'\n'}" \
        "start it (Docker Desktop, or  sudo systemctl start docker); or run without a container: make check, make score"
}

need_image() {
    "$DOCKER" image inspect "$IMAGE" >/dev/null 2>&1 || fail "there is no image \"$IMAGE\" yet" "build it: make image"
}

# The absolute path of a file or folder, as the engine needs it. $1: what it is for the user, $2: the path
locate() {
    [ -n "$2" ] || usage "$1= is missing"
    [ -e "$2" ] || fail "$1: there is no file or folder $2" "(looked for it in $PWD)"
    case $2 in *:*) fail "$1: the engine cannot mount a path with a colon: $2" "rename it" ;; esac
    if [ -d "$2" ]; then
        [ -n "$(ls -A "$2" 2>/dev/null || echo unreadable)" ] || fail "$1: the folder $2 is empty"
        (cd "$2" && pwd -P) || fail "$1: you are not allowed to read the folder $2"
    else
        echo "$(cd "$(dirname "$2")" && pwd -P)/$(basename "$2")"
    fi
}

build() {
    local options=() version
    # set by whoever runs this on a machine with its own mirror or base image: words, so split
    read -r -a options <<<"${DOCKER_BUILD_OPTIONS-}"
    cd "$(dirname "$0")/.."
    version=$(sed -n 's/^__version__.*"\(.*\)"$/\1/p' scoring_program/lvos_eval/version.py)
    options+=(--build-arg "VERSION=$version")
    "$DOCKER" build "${options[@]}" --tag "$IMAGE" .
    "$DOCKER" build --quiet "${options[@]}" --target platform --tag "$IMAGE:platform" . >/dev/null
    "$DOCKER" image inspect --format "$IMAGE $version: {{.Size}} bytes, for people; $IMAGE:platform, for competitions" "$IMAGE"
}

# What pip and dpkg know about the image, read by its own Python
sbom() {
    local version
    version=$("$DOCKER" image inspect --format '{{index .Config.Labels "org.opencontainers.image.version"}}' "$IMAGE")
    "$DOCKER" run --rm --interactive "${HARDENING[@]}" "$IMAGE" python3 - "$IMAGE" "$version" <"$(dirname "$0")/../supply/sbom.py"
}

run() {
    local command=$1 submission reference output name mounts arguments inside
    submission=$(locate SUBMISSION "$2")
    reference=$(locate REFERENCE "$3")
    shift 3
    name=$(basename "$submission")
    inside=/reference
    # the file's neighbours matter too: scoring.yaml, the lists of videos
    [ -d "$reference" ] || { inside=/reference/$(basename "$reference") && reference=$(dirname "$reference"); }
    mounts=(--volume "$submission:/data/$name:ro" --volume "$reference:/reference:ro")
    arguments=("$command" "$name" --reference "$inside")
    if [ "$command" = score ]; then
        output=${1-}
        [ -n "$output" ] || usage "OUTPUT= is missing"
        shift
        mkdir -p "$output" || fail "OUTPUT: the folder $output cannot be made"
        # mounted where it is on the host, so that the path of the page that is printed can be opened
        output=$(cd "$output" && pwd -P)
        mounts+=(--volume "$output:$output")
        arguments+=(--output "$output")
    fi
    need_engine
    need_image
    "$DOCKER" run --rm "${HARDENING[@]}" --memory "$MEMORY" --user "$(id -u):$(id -g)" "${mounts[@]}" \
        "$IMAGE" "${arguments[@]}" "$@"
}

case ${1-} in
build) need_engine && build ;;
sbom) need_engine && need_image && sbom ;;
check | score) run "$1" "${2-}" "${3-}" "${@:4}" ;;
*) usage "${1:+there is no command \"$1\"}" ;;
esac
