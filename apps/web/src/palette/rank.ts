/** How well a text fits what was typed: letters in order, best at the begin of words and in a row. */

/** Beyond the number of letters: what a letter at a word's begin, or right behind the one before it, is worth. */
const AT_WORD = 8;
const IN_A_ROW = 5;
/** The typed words stand there as typed. */
const WHOLE = 40;
const AT_BEGIN = 40;

/** Higher is better; null when `typed` is not in `text`. Case does not count. */
export function rank(typed: string, text: string): number | null {
  const wanted = typed.trim().toLowerCase();
  const there = text.toLowerCase();
  if (wanted === "") return 0;
  const whole = there.indexOf(wanted);
  if (whole >= 0) {
    const begin = whole === 0 ? AT_BEGIN : isWordBegin(there, whole) ? AT_BEGIN / 2 : 0;
    return WHOLE + begin + wanted.length * (AT_WORD + IN_A_ROW) - there.length / 100;
  }
  return scattered(wanted.replaceAll(/\s+/g, ""), there);
}

function scattered(wanted: string, there: string): number | null {
  let score = -there.length / 100;
  let last = -2;
  for (const letter of wanted) {
    const next = placeOf(letter, there, last + 1);
    if (next < 0) return null;
    score += 1 + (isWordBegin(there, next) ? AT_WORD : 0) + (next === last + 1 ? IN_A_ROW : 0);
    last = next;
  }
  return score;
}

/** The next begin of a word with this letter before any other place: "gth" means "Go To History". */
function placeOf(letter: string, there: string, from: number): number {
  const first = there.indexOf(letter, from);
  if (first < 0 || first === from) return first;
  for (let at = first; at >= 0; at = there.indexOf(letter, at + 1)) if (isWordBegin(there, at)) return at;
  return first;
}

function isWordBegin(text: string, at: number): boolean {
  return at === 0 || /[\s\-_.:@(]/.test(text[at - 1] ?? "");
}
