/** Instructions of a driver that touches its device's registers and memory; the same in 32-bit and in 64-bit mode. */

export const u16 = (value: number) => [value & 0xff, (value >> 8) & 0xff]
export const u32 = (value: number) => [...u16(value), ...u16(value >>> 16)]
/** mov ebx, address; mov byte/word/dword [rbx], value */
export const store8 = (address: number, value: number) => [0xbb, ...u32(address), 0xc6, 0x03, value]
export const store16 = (address: number, value: number) => [
  0xbb,
  ...u32(address),
  0x66,
  0xc7,
  0x03,
  ...u16(value),
]
export const store32 = (address: number, value: number) => [0xbb, ...u32(address), 0xc7, 0x03, ...u32(value)]
/** mov dx, 0xcf8; mov eax, address; out dx, eax; mov dx, port; mov ax, value; out dx, ax */
export const configure = (slot: number, register: number, value: number) => [
  ...[0x66, 0xba, ...u16(0xcf8), 0xb8, ...u32(0x8000_0000 + slot * 2048 + (register & 0xfc)), 0xef],
  ...[0x66, 0xba, ...u16(0xcfc + (register & 3)), 0x66, 0xb8, ...u16(value), 0x66, 0xef],
]
/** mov ebx, address; again: cmp word [rbx], value; jne again */
export const awaitWord = (address: number, value: number) => [
  0xbb,
  ...u32(address),
  0x66,
  0x81,
  0x3b,
  ...u16(value),
  0x75,
  0xf9,
]
/** mov ebx, address; again: test dword [rbx], bits; jz again */
export const awaitBits = (address: number, bits: number) => [
  0xbb,
  ...u32(address),
  0xf7,
  0x03,
  ...u32(bits),
  0x74,
  0xf8,
]
export const say = (text: string) => [0x66, 0xba, ...u16(0x3f8), 0xb0, text.charCodeAt(0), 0xee]
export const halt = [0xfa, 0xf4, 0xeb, 0xfd]

/** mov ebx, address; again: cmp byte [rbx], value; jne again */
export const awaitByte = (address: number, value: number) => [
  0xbb,
  ...u32(address),
  0x80,
  0x3b,
  value,
  0x75,
  0xfb,
]
