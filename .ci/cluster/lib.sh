# For all scripts beside it, and ../host. Paths and versions, and how a process is started and ended.
KUBERNETES_VERSION=v1.36.3
KWOK_VERSION=v0.8.0
COREDNS_VERSION=v1.12.4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${CLUSTER_HOME:-/var/tmp/aicr-cluster}
cache=${CLUSTER_CACHE:-$HOME/.cache/aicr-cluster}
bin=$cache/$(cat "$here/go.mod" "$here/go.sum" "$here/main.go" "$here"/*/main.go | (sha256sum 2>/dev/null || shasum -a 256) | cut -c1-16)-$KWOK_VERSION-$COREDNS_VERSION
node=node-1
node_ip=10.90.0.1            # added to the loopback interface: the same on every machine, reachable from pods
service_ip=10.96.0.1
export KUBECONFIG=$home/admin.conf
sock=$home/containerd/containerd.sock

say() { printf '%s\n' "$*" >&2; }
die() { say "cluster: $*"; exit 1; }
needs_root() { [ "$(id -u)" = 0 ] || die "needs root: it starts and ends containerd, kubelet or dockerd"; }
needs() { command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"; }
kubectl() { "$bin/kube" kubectl "$@"; }

# start NAME COMMAND…: in a session of its own, output to a log, pid in a file; does nothing if it already runs.
# It gets no other open file of ours: a lock that the caller holds would be held until `down`.
start() {
  local name=$1 file; shift
  alive "$name" && return
  (
    for file in $(ls "/proc/$BASHPID/fd"); do [ "$file" -le 2 ] || eval "exec $file>&-"; done
    exec setsid "$@" >"$home/log/$name.log" 2>&1 </dev/null
  ) &
  echo $! >"$home/pid/$name"
}

# alive NAME: the recorded process still runs, and is the one that was started here.
alive() { local pid; pid=$(cat "$home/pid/$1" 2>/dev/null) && ours "$pid"; }

# ours PID: that process works on our state; its number may have gone to somebody else meanwhile.
ours() { [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF "$home"; }

# running: whether anything that was started here still runs, or only its files are left.
running() {
  local file
  for file in "$home"/pid/*; do alive "$(basename "$file")" && return; done
  return 1
}

# start_kwok KUBECONFIG: something that plays the nodes which are labelled type=kwok.
start_kwok() {
  start kwok "$bin/kwok" --kubeconfig "$1" --config "$bin/stages.yaml" --manage-all-nodes=false --manage-nodes-with-annotation-selector= \
    --manage-nodes-with-label-selector type=kwok --server-address 127.0.0.1:10247 --node-lease-duration-seconds 40
}

# stop NAME…: ends exactly the recorded processes, all at once.
stop() {
  local name pid
  for name; do alive "$name" && kill "$(cat "$home/pid/$name")"; done
  for name; do
    for _ in $(seq 50); do alive "$name" || break; sleep .1; done
    alive "$name" && kill -9 "$(cat "$home/pid/$name")"
    rm -f "$home/pid/$name"
  done
}

# unmount_below FOLDER
unmount_below() {
  awk -v home="$1/" 'index($2, home) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
}

# wait_for SECONDS WHAT COMMAND…
wait_for() {
  local seconds=$1 what=$2; shift 2
  for _ in $(seq $((seconds * 5))); do "$@" >/dev/null 2>&1 && return; sleep .2; done
  die "$what did not come up in $seconds s; logs are in $home/log"
}
