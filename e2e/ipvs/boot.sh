#!/bin/sh
# Init of the virtual machine: the machine's own files, read-only below a layer in memory, one folder shared with the
# host (`exchange`, from the kernel's command line). Runs `exchange/command`, writes its exit status, powers off.
set -eu
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
modules=/usr/lib/uml/modules/$(uname -r)

mount -t proc proc /proc
insmod "$modules/kernel/fs/overlayfs/overlay.ko"
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mkdir -p old shared
# Not chroot: the kernel starts modprobe in init's own root.
pivot_root . old
cd /
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
# Sockets, locks and namespaces of the host are none of ours; anything else may be seen, and written over in memory.
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mount -t hostfs -o "$exchange" none /shared
mkdir -p /lib/modules
ln -sfn "$modules" "/lib/modules/$(uname -r)"
ip link set lo up

# What guides call iptables is the legacy tool here: this kernel has no nf_tables for it.
for name in iptables ip6tables; do
  for tool in "" -save -restore; do ln -sfn "$(command -v "$name-legacy$tool")" "/usr/local/sbin/$name$tool"; done
done

status=0
sh -eu /shared/command </dev/null || status=$?
echo "$status" >/shared/status
sync
busybox poweroff -f
