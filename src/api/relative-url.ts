/**
 * The address of one of our paths, relative to the URL of a request. It holds below any prefix
 * that a proxy strips, which we do not know.
 */
export function relativeUrl(requestUrl: string, path: string): string {
  const [asked = ''] = requestUrl.split('?');
  const depth = Math.max(0, asked.split('/').length - 2);
  return (depth === 0 ? './' : '../'.repeat(depth)) + path.slice(1);
}
