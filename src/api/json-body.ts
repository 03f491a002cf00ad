import type { App } from './context.ts';
import { HttpError } from './failures.ts';

/** Nesting levels accepted in a body; commands need at most six. */
const DEPTH_MAX = 64;

/** Accepts JSON bodies only. An empty body is left to the route's schema. */
export function acceptJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body as string;
    if (text === '') return done(null, undefined);
    // Code that walks the parsed value recurses once per level.
    if (isDeep(text))
      return done(new HttpError(400, `the body is nested more than ${DEPTH_MAX} levels deep`));
    parse(request, text, (error, value) => {
      done(error && new HttpError(400, `the body is not JSON${whyNotJson(text)}`), value);
    });
  });
}

/** Whether brackets outside strings are nested too deeply. */
function isDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isString) {
      if (character === '\\') i++;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '[' || character === '{') {
      if (++depth > DEPTH_MAX) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}

/** Where `JSON.parse` failed; the secure parser also rejects bodies that `JSON.parse` accepts. */
function whyNotJson(body: string): string {
  try {
    JSON.parse(body);
    return ' that is accepted: it has the key __proto__ or constructor';
  } catch (error) {
    return `: ${(error as SyntaxError).message}`;
  }
}
