# Sourced by scripts/test --containers, after setup.sh: the images of the example game
# where no registry of images is reached. Podman keeps them in build/containers, so
# that the stand-ins never get between this machine and the real ones.

IMAGES="$ROOT/build/containers"
GAME=examples/live_service

need_podman() {
  [ "$(id -u)" -eq 0 ] || fail "containers are made and run by root; use sudo"
  need_packages debootstrap podman buildah runc netavark aardvark-dns iptables
  # Newer than Debian's, which does not wait for what a service depends on.
  need_venv requirements/containers.txt
  export PATH="$VENV/bin:$PATH"
  mkdir -p "$IMAGES"
  cat > "$IMAGES/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$IMAGES/store"
runroot = "$IMAGES/run"
END
  # Without systemd there are no control groups of version 2.
  cat > "$IMAGES/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
END
  export CONTAINERS_STORAGE_CONF="$IMAGES/storage.conf"
  export CONTAINERS_CONF="$IMAGES/containers.conf"
}

# The image that all others are made from: a Debian that trusts whom this machine
# trusts and asks pip's index as it does.
need_base_image() {
  local name=docker.io/library/debian:bookworm-slim root="$IMAGES/rootfs"
  podman image exists "$name" && return
  note "making $name"
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" \
    > build/debootstrap.log 2>&1 ||
    { tail -n 20 build/debootstrap.log >&2; fail "debootstrap failed"; }
  cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
  chroot "$root" update-ca-certificates > build/debootstrap.log 2>&1
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
  rm -rf "$root"/var/cache/apt/archives/*.deb
  tar -C "$root" -c . | podman import -q --change 'CMD ["bash"]' \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$name"
  rm -rf "$root"
}

# build_image DOCKERFILE NAME: quick where nothing has changed.
build_image() {
  local log
  log="build/image-$(basename "${2%%:*}").log"
  note "building $2"
  buildah build --isolation chroot --layers --build-arg "BUILD_JOBS=$JOBS" \
    -f "$1" -t "$2" . > "$log" 2>&1 ||
    { tail -n 40 "$log" >&2; fail "$2 did not build"; }
}

need_images() {
  need_podman
  need_base_image
  build_image "$GAME/deploy/stand_ins/node.Dockerfile" \
    docker.io/library/node:22-bookworm-slim
  build_image "$GAME/deploy/stand_ins/postgres.Dockerfile" \
    docker.io/library/postgres:15-bookworm
  build_image "$GAME/deploy/stand_ins/redis.Dockerfile" \
    docker.io/library/redis:7-bookworm
  local name
  for name in account discovery gacha gateway; do
    build_image "$GAME/$name/Dockerfile" "localhost/fairpull-$name"
  done
}
