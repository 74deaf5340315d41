# Sourced by scripts/run, scripts/test and scripts/bench: everything they need
# on a bare Debian or Ubuntu machine. Each function is quick when nothing is to
# be done and says plainly what is missing where it can't help.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STAMPS="$ROOT/build/.stamps"
VENV="$ROOT/.venv"
PYTHON="$VENV/bin/python"
JOBS=$(nproc)
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
mkdir -p "$STAMPS"
cd "$ROOT"

note() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# done_before NAME DIGEST: whether NAME was last done for this DIGEST.
done_before() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s' "$2" > "$STAMPS/$1"; }

# digest_of PATH…: one digest of the contents of files and folders.
digest_of() {
  find "$@" -type f -not -path '*/__pycache__/*' -not -path '*/node_modules/*' \
    -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# need_packages NAME…: Debian packages, installed if they are missing.
need_packages() {
  local missing=() name
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian or Ubuntu; install the like of: $*"
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null |
      grep -q 'install ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || fail \
      "packages are missing; as root run: apt-get install ${missing[*]}"
    sudo=(sudo -n)
  fi
  note "installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" > "$ROOT/build/apt.log" 2>&1 ||
    { tail -n 20 "$ROOT/build/apt.log" >&2; fail "apt-get install failed"; }
}

need_build_packages() {
  need_packages g++ cmake ninja-build ccache pkg-config ca-certificates \
    libabsl-dev libhiredis-dev libhwy-dev nlohmann-json3-dev libpcg-cpp-dev libpq-dev \
    libsodium-dev libsqlite3-dev python3 python3-dev python3-venv
}

need_test_packages() {
  need_build_packages
  need_packages libgtest-dev libgmock-dev libbenchmark-dev git postgresql \
    redis-server chromium fonts-liberation valgrind
}

# promtool on PATH: out of Debian's package of Prometheus, which would also start a
# server.
need_promtool() {
  local folder="$ROOT/build/promtool"
  command -v promtool >/dev/null && return
  if [ ! -x "$folder/usr/bin/promtool" ]; then
    note "getting promtool"
    mkdir -p "$folder/package"
    (cd "$folder/package" && rm -f ./*.deb &&
      { apt-get download -qq prometheus || { apt-get update -qq &&
        apt-get download -qq prometheus; }; } &&
      dpkg-deb -x prometheus_*.deb "$folder") > build/promtool.log 2>&1 ||
      { tail -n 5 build/promtool.log >&2; fail "promtool can't be had"; }
  fi
  export PATH="$folder/usr/bin:$PATH"
}

# need_venv REQUIREMENTS…: the virtual environment with these lock files.
need_venv() {
  if [ ! -x "$PYTHON" ]; then
    note "making the virtual environment in .venv"
    # Debian's own first: its headers are among the packages above.
    local python=/usr/bin/python3
    [ -x "$python" ] || python=python3
    "$python" -m venv "$VENV"
  fi
  local file digest
  for file in "$@"; do
    digest=$(digest_of "$file" "$VENV/pyvenv.cfg")
    done_before "pip-${file//\//-}" "$digest" && continue
    note "installing $file"
    "$PYTHON" -m pip install -q -r "$file"
    mark_done "pip-${file//\//-}" "$digest"
  done
}

# The Python module, built from this tree into the virtual environment.
need_module() {
  need_venv requirements/build.txt
  local digest
  digest=$(digest_of include src bindings cmake examples/banners \
    CMakeLists.txt pyproject.toml "$VENV/pyvenv.cfg")
  done_before module "$digest" && return
  note "building the Python module (some minutes the first time)"
  "$PYTHON" -m pip install -q --no-build-isolation --no-deps \
    --force-reinstall --config-settings=cmake.define.FAIRPULL_WITH_POSTGRES=ON \
    --config-settings=cmake.define.FAIRPULL_WITH_REDIS=ON . > build/module.log 2>&1 ||
    { tail -n 40 build/module.log >&2; fail "the Python module did not build"; }
  mark_done module "$digest"
}

# Node 20 or newer on PATH: the machine's own, or one from a Python wheel.
need_node() {
  local version
  version=$( (node --version 2>/dev/null || echo v0) | sed 's/^v\([0-9]*\).*/\1/')
  if [ "${version:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
    need_venv requirements/node.txt
    export PATH="$VENV/bin:$PATH"
    hash -r
    node --version >/dev/null || fail "no Node 20 or newer could be installed"
  fi
}

# need_node_packages [NAME…]: the Node packages of gateway and discovery, and of what else
# is named, as their lock files name them.
need_node_packages() {
  need_node
  local name folder digest
  for name in gateway discovery "$@"; do
    folder=examples/live_service/$name
    digest=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
    [ -d "$folder/node_modules" ] && done_before "$name" "$digest" && continue
    note "installing the packages of $name"
    npm ci --prefix "$folder" --silent --no-audit --no-fund
    mark_done "$name" "$digest"
  done
}

# The Python code of the game's .proto files.
need_stubs() {
  local folder=examples/live_service digest
  digest=$(digest_of "$folder/proto" "$folder/generate_stubs.py" \
    "$folder/requirements.txt")
  [ -d "$folder/generated" ] && done_before stubs "$digest" && return
  rm -rf "$folder/generated"
  "$PYTHON" "$folder/generate_stubs.py"
  mark_done stubs "$digest"
}

need_game() {
  need_build_packages
  need_venv requirements/build.txt examples/live_service/requirements.txt
  need_module
  need_stubs
  need_node_packages
}
