# A machine of its own, made of this one: its files below an overlay that ends with it, its own network, processes and
# mounts. Runs in namespaces that the caller has unshared, as root.
#   machine.sh OUT DATA REPOSITORY COMMAND...
# OUT is /lab there, DATA is /var/lib/flowmgr, REPOSITORY is /opt/flowmgr, read-only. COMMAND is run as its first
# process by a chroot that is no more than that, unless PIVOT=yes: then its root is the root of its mounts too.
set -e
out=$1 data=$2 repository=$3
shift 3
mount --make-rprivate /
parts=$out/parts
mkdir -p "$parts"
mount -t tmpfs tmpfs "$parts"
mkdir "$parts/upper" "$parts/work" "$parts/root"
root=$parts/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$parts/upper,workdir=$parts/work" "$root"
mount -t proc proc "$root/proc"
# What is not the network's own in there is this machine's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
for place in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$place"; done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir -p "$root/opt/flowmgr" "$root/lab" "$root/var/lib/flowmgr"
mount --bind "$repository" "$root/opt/flowmgr"
mount -o remount,bind,ro "$root/opt/flowmgr"
mount --bind "$out" "$root/lab"
mount --bind "$data" "$root/var/lib/flowmgr"
cd "$root"
if [ "$PIVOT" != yes ]; then exec chroot . "$@"; fi
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir old
pivot_root . old
exec chroot . sh -c 'umount -l /old; exec "$@"' sh "$@"
