/** Byte order marks, with the encodings that they indicate. */
const MARKS = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/**
 * The text of a file written by a person: UTF-8 with or without a byte order mark, or UTF-16 with
 * one, as PowerShell's `>` writes it.
 *
 * @returns Undefined if it is neither.
 */
export function decodedText(bytes: Uint8Array): string | undefined {
  const { encoding } = MARKS.find(({ mark }) => mark.every((byte, i) => bytes[i] === byte)) ?? {
    encoding: 'utf-8',
  };
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    // UTF-16 without its mark looks like UTF-8 with a NUL next to every letter.
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
