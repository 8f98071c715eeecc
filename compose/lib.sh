# What the scripts share: what is missing on the machine, the engine of containers, the names of images.

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# With the seconds since the start.
say() {
    echo "$(basename "$0"): $* (${SECONDS} s)" >&2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs a package of the machine's where a command is missing; then says what else helps.
need() {
    local command=$1 package=$2 otherwise=$3
    ! command -v "$command" > /dev/null || return 0
    command -v apt-get > /dev/null || fail "$command is missing: $otherwise"
    if [ -z "${listed:-}" ]; then
        as_root apt-get update -qq || fail "the package lists cannot be fetched; $command is missing: $otherwise"
        listed=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" > /dev/null \
        || fail "$package cannot be installed; $command is missing: $otherwise"
}

# Finds the engine of containers, or installs and starts one.
start_engine() {
    ! docker info > /dev/null 2>&1 || return 0
    local otherwise="install and start Docker 20.10 or newer, or name it by DOCKER_HOST"
    [ -z "${DOCKER_HOST:-}" ] || fail "no engine of containers answers at DOCKER_HOST"
    need dockerd docker.io "$otherwise"
    need docker docker.io "$otherwise"
    local log=/var/log/dockerd.log waited
    # Published ports are the kernel's work alone: the proxy copies each byte, and took a fifth of the time of the tests.
    as_root sh -c "exec setsid dockerd --userland-proxy=false > $log 2>&1 < /dev/null &"
    for waited in $(seq 150); do
        ! docker info > /dev/null 2>&1 || return 0
        sleep 0.2
    done
    as_root tail -n 20 "$log" >&2
    fail "dockerd does not answer, its log is $log: $otherwise"
}

known() {
    awk '!/^#/ { printf "%s ", $1 }' images
}

# The local image of a server.
image() {
    awk -v name="$1" '$1 == name { sub(".*/", "", $3); print "local/" $3 ":" $2 }' images
}

# The names of the local images, as compose.yaml takes them.
names() {
    awk '!/^#/ { name = toupper($1); gsub("-", "_", name); sub(".*/", "", $3); print name "_IMAGE=local/" $3 ":" $2 }' images
}

# Maven as this machine has it set up, without words unless it fails.
maven() {
    need mvn maven "it brings the servers that are written in Java"
    mvn --batch-mode --quiet "$@" || fail "Maven cannot bring what $1 was asked for"
}

# Unpacks an artifact group:name:version:type into a folder.
unpack() {
    maven dependency:unpack -Dartifact="$1" -DoutputDirectory="$PWD/$2"
}
