import type { App } from './context.ts';
import { HttpError } from './failures.ts';

/** Levels of lists and objects in a body; what any command takes has six. */
const DEPTH_MAX = 64;

/** No body at all is as good as none wanted; whether one is needed, the route's schema says. */
export function acceptJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body as string;
    if (text === '') return done(null, undefined);
    // Whatever walks what was parsed calls itself for every level.
    if (isDeep(text))
      return done(new HttpError(400, `the body is nested more than ${DEPTH_MAX} levels deep`));
    parse(request, text, (error, value) => {
      done(error && new HttpError(400, `the body is not JSON${whyNotJson(text)}`), value);
    });
  });
}

/** Whether brackets that stand in no string are nested too deeply. */
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

/** Where the parser of the language stopped; there are bodies that it takes and we do not. */
function whyNotJson(body: string): string {
  try {
    JSON.parse(body);
    return ' that is accepted: it has the key __proto__ or constructor';
  } catch (error) {
    return `: ${(error as SyntaxError).message}`;
  }
}
