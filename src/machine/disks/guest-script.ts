/** Begins each line that the script says: `posada-disk NAME WORD REST`. */
export const mark = 'posada-disk'

/**
 * As root: for each four arguments, a disk's name, file system, folder (`-`: it is swapped to) and whether it may be
 * formatted (`no`, or `any`: what has no file system), makes the file system where there is
 * none, mounts it and grows it to the disk. Says a line of each; `mounted` or `blank` where nothing is wrong. Then has
 * /etc/fstab name them all, in lines of their own. A disk is known by its serial number, also where there is no udev.
 * Superblocks: ext4(5), xfs, btrfs, mkswap(8).
 */
export const diskScript = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
umask 022
name=- lines=
say() { printf '${mark} %s %s %s\\n' "$name" "$1" "$(printf %s "$2" | tr '\\n' ' ')"; }
[ "$(id -u)" = 0 ] || { say root "$(id -un)"; exit 0; }
bytes() { dd if="$dev" bs=1 skip="$1" count="$2" 2>/dev/null; }
find_disk() {
  for each in /sys/block/*; do
    [ -r "$each/serial" ] || continue
    serial= sectors=
    read -r serial <"$each/serial"
    [ "$serial" = "$name" ] || continue
    read -r sectors <"$each/size"
    dev=/dev/\${each##*/} mebibytes=$((sectors / 2048))
    return 0
  done
  return 1
}
kind() {
  [ "$(bytes 1080 2 | od -An -tx1 | tr -d ' \\n')" = 53ef ] && { echo ext4; return; }
  [ "$(bytes 0 4 | tr -d '\\000')" = XFSB ] && { echo xfs; return; }
  [ "$(bytes 65600 8 | tr -d '\\000')" = _BHRfS_M ] && { echo btrfs; return; }
  [ "$(bytes 4086 10 | tr -d '\\000')" = SWAPSPACE2 ] && { echo swap; return; }
  written=$({ dd if="$dev" bs=1048576 count=8; dd if="$dev" bs=1048576 skip=$((mebibytes - 1)); } 2>/dev/null | tr -d '\\000' | head -c 1 | wc -c)
  [ "$written" -eq 0 ] && echo blank || echo other
}
make() {
  case $1 in
    ext4) set -- mkfs.ext4 -q -F ;;
    xfs) set -- mkfs.xfs -q -f ;;
    btrfs) set -- mkfs.btrfs -q -f ;;
    swap) set -- mkswap ;;
  esac
  command -v "$1" >/dev/null || { say tool "$1"; return 1; }
  why=$("$@" "$dev" 2>&1) || { say format "$why"; return 1; }
  sync
}
swap_to() {
  pages=$(od -An -tu4 -j 1028 -N 4 "$dev" | tr -d ' \\n')
  if [ $(((pages + 1) / 256)) -lt "$mebibytes" ]; then
    swapoff "$dev" 2>/dev/null
    make swap || return 1
  fi
  grep -q "^$dev " /proc/swaps && return 0
  why=$(swapon "$dev" 2>&1) || { say mount "$why"; return 1; }
}
escaped() { printf %s "$1" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g; s/\\t/\\\\011/g'; }
mount_at() {
  here=$(grep "^$dev " /proc/mounts | head -n 1 | cut -d ' ' -f 2)
  [ "$here" = "$(escaped "$to")" ] && return 0
  if [ -n "$here" ]; then why=$(umount "$dev" 2>&1) || { say busy "$here"; return 1; }; fi
  [ ! -L "$to" ] || { say through "$(readlink -- "$to")"; return 1; }
  mkdir -p -- "$to" 2>/dev/null && cd -- "$to" || { say folder "$to"; return 1; }
  real=$(pwd -P) full=$(ls -A)
  cd /
  [ "$real" = "$to" ] || { say through "$real"; return 1; }
  modprobe "$type" 2>/dev/null
  why=$(mount -t "$type" "$dev" "$to" 2>&1) || { say mount "$why"; return 1; }
  [ -z "$full" ] || say hides "$to"
}
grow() {
  case $type in
    ext4)
      # Its size stands in the superblock: in blocks of 1 KiB, shifted.
      blocks=$(od -An -tu4 -j 1028 -N 4 "$dev") shift=$(od -An -tu4 -j 1048 -N 4 "$dev")
      [ $(((blocks << shift) / 1024)) -lt "$mebibytes" ] || return 0
      set -- resize2fs "$dev"
      ;;
    xfs) set -- xfs_growfs -d "$to" ;;
    btrfs) set -- btrfs filesystem resize max "$to" ;;
  esac
  command -v "$1" >/dev/null || { say tool "$1"; return 1; }
  why=$("$@" 2>&1) || { say grow "$why"; return 1; }
}
use() {
  find_disk || { say absent -; return; }
  has=$(kind)
  case $has/$may in
    "$type"/*) ;;
    blank/no) say blank -; return ;;
    blank/any | other/any) make "$type" || return ;;
    *) say holds "$has"; return ;;
  esac
  if [ "$type" = swap ]; then swap_to || return; else mount_at && grow || return; fi
  say mounted "$dev"
  source=/dev/disk/by-id/virtio-$name
  [ -e "$source" ] || source=$(blkid "$dev" 2>/dev/null | sed -n 's/.* UUID="\\([^"]*\\)".*/UUID=\\1/p')
  [ -n "$source" ] || return
  case $type in
    swap) line="$source none swap sw,nofail 0 0" ;;
    ext4) line="$source $(escaped "$to") ext4 defaults,nofail 0 2" ;;
    *) line="$source $(escaped "$to") $type defaults,nofail 0 0" ;;
  esac
  lines="$lines
$line"
}
while [ $# -ge 4 ]; do
  name=$1 type=$2 to=$3 may=$4
  shift 4
  use
done
name=-
[ -w /etc/fstab ] || exit 0
rest=$(sed '/^# posada disks: begin$/,/^# posada disks: end$/d' /etc/fstab)
whole=$rest
[ -z "$lines" ] || whole="$rest
# posada disks: begin$lines
# posada disks: end"
[ "$(cat /etc/fstab)" = "$whole" ] && exit 0
printf '%s\\n' "$whole" >/etc/fstab.posada && chmod 644 /etc/fstab.posada && mv /etc/fstab.posada /etc/fstab
[ ! -d /run/systemd/system ] || systemctl daemon-reload`
