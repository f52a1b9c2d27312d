# Shared by the scripts: where we are, and the Node that every machine uses. Sourced, not run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS="$ROOT/build/tools"
NODE_MAJOR=22
NPM_MAJOR=11

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Puts the project's own Node and npm first in PATH (installed by scripts/install-deps).
use_node() {
    [ -x "$TOOLS/node_modules/.bin/node" ] || die "Node is not installed: run scripts/install-deps"
    export PATH="$TOOLS/node_modules/.bin:$PATH"
}

# configure PRESET: cmake, only when there is no build folder for it yet.
configure() {
    [ -f "$ROOT/build/$1/build.ninja" ] || (cd "$ROOT" && cmake --preset "$1" >/dev/null)
}
