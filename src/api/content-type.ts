import { FORMATS } from '../dataset/formats/index.ts';

/** Media types of files, by extension. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(FORMATS.map(({ name, mediaType }) => [name, mediaType])),
  css: 'text/css',
  gz: 'application/gzip',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  svg: 'image/svg+xml',
};

/** The content type of a file, by its extension; undefined if that is unknown. */
export function contentTypeOf(fileName: string): string | undefined {
  const type = MEDIA_TYPES[fileName.slice(fileName.lastIndexOf('.') + 1)];
  return type && contentType(type);
}

/** A media type as `Content-Type`: all text is UTF-8. */
export function contentType(mediaType: string): string {
  return mediaType.startsWith('text/') ? `${mediaType}; charset=utf-8` : mediaType;
}
