# make_disk ROOT RAW QCOW2: one ext4 filesystem over the whole disk. The inode tables count as
# zeroed already (the file is sparse), so that the guest does not write them while it works.
make_disk() {
  mkdir -p "$1/var/lib/posada"
  echo $((disk_size / 512)) >"$1/var/lib/posada/disk-size"
  truncate -s "$disk_size" "$2"
  mke2fs -q -t ext4 -L root -m 1 -U "$disk_uuid" -d "$1" \
    -E "hash_seed=$disk_uuid,assume_storage_prezeroed=1,nodiscard,root_owner=0:0" "$2"
  qemu-img convert -f raw -O qcow2 "$2" "$3"
  rm "$2"
}
