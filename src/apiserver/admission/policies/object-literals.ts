// `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", …}`: the objects that
// mutations are written in. The CEL library has no objects of named types, so they become maps.

const START = /(?:Object(?:\s*\.\s*[a-zA-Z_]\w*)*|JSONPatch)\s*\{/y;
const TEXT = /(?:r|R)?("""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/y;
const WORD = /[a-zA-Z_][\w]*/y;
const MEMBER = /(\s*)(\?\s*)?(?:([a-zA-Z_]\w*)|`([^`]+)`)(\s*:)/y;
const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };
const ESCAPES: Readonly<Record<string, string>> = {
  underscores: '__',
  dot: '.',
  dash: '-',
  slash: '/',
};

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** A member as JSON names it: `app__dash__name` is `app-name`. */
function memberName(name: string): string {
  const plain = name.replace(/__([a-z]+)__/g, (whole, word: string) => ESCAPES[word] ?? whole);
  const reserved = /^__([a-z]+)__$/.exec(plain)?.[1];
  return reserved ?? plain;
}

/** The expression with maps in the place of objects; everything else stays as it is. */
export function objectsAsMaps(expression: string): string {
  let result = '';
  let at = 0;
  /** Open brackets; `object` for those of objects. */
  const open: string[] = [];
  const take = (length: number) => {
    result += expression.slice(at, at + length);
    at += length;
  };
  const name = () => {
    const member = matchAt(MEMBER, expression, at);
    if (!member) return;
    const [whole, space = '', optional = '', word = '', quoted = '', colon = ''] = member;
    const key = quoted === '' ? memberName(word) : quoted;
    result += `${space}${optional}${JSON.stringify(key)}${colon}`;
    at += whole.length;
  };
  while (at < expression.length) {
    const text = matchAt(TEXT, expression, at);
    const start = matchAt(START, expression, at);
    const word = matchAt(WORD, expression, at);
    const character = expression[at] ?? '';
    if (text) take(text[0].length);
    else if (start && !/[\w.]$/.test(result)) {
      result += '{';
      at += start[0].length;
      open.push('object');
      name();
    } else if (word) take(word[0].length);
    else {
      take(1);
      if (character in CLOSERS) open.push(character);
      else if (Object.values(CLOSERS).includes(character)) open.pop();
      else if (character === ',' && open.at(-1) === 'object') name();
    }
  }
  return result;
}
