# make_disk ROOT RAW: one ext4 filesystem over the whole disk.
make_disk() {
  mkdir -p "$1/var/lib/posada"
  echo $((disk_size / 512)) >"$1/var/lib/posada/disk-size"
  truncate -s "$disk_size" "$2"
  make_ext4 "$1" "$2" 0
}

# make_bios_disk ROOT RAW WORK: a partition table, GRUB before the first partition, and ext4 in it
# from 1 MiB on. Without loop devices and mounts: GRUB's first stage goes into the first sector, its
# core into those that follow, which is where the first stage looks (GRUB manual, "BIOS installation").
make_bios_disk() {
  truncate -s "$disk_size" "$2"
  mkdir -p "$1/boot/grub"
  cp -R "$1/usr/lib/grub/i386-pc" "$1/boot/grub/i386-pc"
  chroot "$1" grub-mkimage -O i386-pc -o /boot/grub/core.img -p '(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal linux echo search
  make_ext4 "$1" "$2" 1048576
  dd if="$1/usr/lib/grub/i386-pc/boot.img" of="$2" bs=446 count=1 conv=notrunc status=none
  dd if="$1/boot/grub/core.img" of="$2" bs=512 seek=1 conv=notrunc status=none
  # Active, type 0x83, from sector 2048; the addresses in cylinders are not used any more.
  {
    printf '\200\376\377\377\203\376\377\377'
    little_endian 2048
    little_endian $((disk_size / 512 - 2048))
  } | dd of="$2" bs=1 seek=446 conv=notrunc status=none
  printf '\125\252' | dd of="$2" bs=1 seek=510 conv=notrunc status=none
}

# make_ext4 ROOT RAW OFFSET. The inode tables count as zeroed already, for the file is sparse, so that
# the guest does not write them while it works.
make_ext4() {
  mke2fs -q -t ext4 -L root -m 1 -U "$disk_uuid" -d "$1" \
    -E "offset=$3,hash_seed=$disk_uuid,assume_storage_prezeroed=1,nodiscard,root_owner=0:0" \
    "$2" "$(((disk_size - $3) / 1024))k"
}

# little_endian N: N as four bytes.
little_endian() {
  for shift in 0 8 16 24; do
    printf "\\$(printf %o $((($1 >> shift) & 255)))"
  done
}
