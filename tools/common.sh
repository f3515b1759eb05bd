# Shared by the scripts of this folder (sourced, bash).

# Whatever the folders are called: no CDPATH, no name taken for an option, no newline at the end cut off.
repository=$(CDPATH= cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && printf '%s.' "$PWD")
repository=${repository%.}
program="tools/$(basename -- "$0")"

# Git refuses to read a clone that belongs to another user; here it is only asked for the commit. These settings hold
# for our own child processes alone: nobody's configuration is changed.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$repository"

# Where ccache is in use, a clone in another folder finds what this one compiled.
export CCACHE_BASEDIR="$repository" CCACHE_NOHASHDIR=1
# What compiles without a warning is the same object with -Werror; tools/test looks for warnings that come from the cache.
export CCACHE_IGNOREOPTIONS=-Werror

# A message is one line, whatever the texts in it hold.
one_line() { printf '%s' "${*//[[:cntrl:]]/?}"; }
warn() { printf '%s: %s\n' "$program" "$(one_line "$*")" >&2; }
die() { warn "$*"; exit 1; }
misuse() { warn "$*"; exit 2; }
say() { printf '%s\n' "$*" 2>/dev/null || die "cannot write standard output"; }

jobs=${JOBS:-$(nproc)}
[[ $jobs =~ ^[1-9][0-9]{0,3}$ ]] || misuse "JOBS=$jobs: expected how many jobs to run at a time"

# configure_and_build PRESET LOG CMAKE-OPTION... -- TARGET...: quiet; where it goes wrong, the end of the log is shown.
configure_and_build() {
  local preset=$1 log=$2
  shift 2
  local options=() targets=()
  while (($#)) && [[ $1 != -- ]]; do options+=("$1"); shift; done
  if (($#)); then shift; fi
  if (($#)); then targets=(--target "$@"); fi
  if ! (cd "$repository" && cmake --preset "$preset" "${options[@]}") >"$log" 2>&1 </dev/null; then
    tail -n 25 -- "$log" >&2
    warn "cannot configure preset $preset (whole log: $log)"
    return 1
  fi
  # Ninja's "[done/of] ..." lines, thinned to every tenth part.
  if ! (set -o pipefail; cd "$repository" && NINJA_STATUS='[%f/%t] ' \
        cmake --build --preset "$preset" -j "$jobs" "${targets[@]}" 2>&1 </dev/null | tee -a -- "$log" |
        awk -F'[][/]' '/^\[[0-9]+\/[0-9]+\] / {
          part = int(10 * $2 / $3)
          if (part != last || $2 == $3) { printf "  built %d of %d\n", $2, $3; fflush() }
          last = part
        }'); then
    awk '/^FAILED:/ { show = 40 } show-- > 0' <"$log" | head -n 80 >&2
    warn "cannot build preset $preset (whole log: $log)"
    return 1
  fi
}
