# make_initrd ROOT WORK OUT: a busybox, the modules that reach the disk in the order in which they
# are loaded, and an init that does nothing but mount the disk and go on from it. The kernel knows
# what is built into it; modules are uncompressed here, so that the guest need not.
make_initrd() {
  mkdir -p "$2/bin" "$2/dev" "$2/proc" "$2/sys" "$2/root" "$2/modules"
  cp "$1/bin/busybox" "$2/bin/busybox"
  kernel_modules=$(echo "$1"/lib/modules/*)
  number=10
  for module in $initrd_modules; do
    if grep -qs "/$module\.ko$" "$kernel_modules/modules.builtin"; then continue; fi
    file=$(find "$kernel_modules" -name "$module.ko" -o -name "$module.ko.xz")
    to=$2/modules/$number-$module.ko
    case $file in
      '') echo "the kernel has no module $module" >&2; return 1 ;;
      *.xz) chroot "$1" /bin/busybox xz -dc "${file#"$1"}" >"$to" ;;
      *) cp "$file" "$to" ;;
    esac
    number=$((number + 1))
  done
  cp "$work/build/lib/initrd-init" "$2/init"
  chmod 755 "$2/init"
  # Whose key the machine's own takes the place of: USER TYPE BASE64 COMMENT.
  echo "$login_user $(cat "$work/build/login.pub")" >"$2/login"
  find "$2" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  # The cpio is busybox's own, for the host may have none.
  mkdir -p "$1/posada-initrd"
  cp -a "$2/." "$1/posada-initrd/"
  chroot "$1" /bin/busybox sh -c 'cd /posada-initrd && find . | sort | /bin/busybox cpio -o -H newc' >"$3"
  rm -rf "$1/posada-initrd"
}
