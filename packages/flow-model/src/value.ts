/**
 * What every parser of a value gives: the value, or why the text is none and what to write instead.
 * The sentences stand alone; who calls adds the place.
 */

export type ValueError = {
  /** Stable, kebab-case: `bad-address`, `bad-port`, ... */
  code: string;
  /** What is wrong. */
  message: string;
  /** What would be right. */
  help: string;
};

export type Parsed<T> = { ok: T } | { error: ValueError };

export function refuse(code: string, message: string, help: string): { error: ValueError } {
  return { error: { code, message, help } };
}

/** The values that parse, in order. */
export function parseEach<T>(texts: readonly string[], parse: (text: string) => Parsed<T>): T[] {
  const values: T[] = [];
  for (const text of texts) {
    const parsed = parse(text);
    if ("ok" in parsed) values.push(parsed.ok);
  }
  return values;
}

/** How much of a bad value a message repeats: enough to recognise it, whatever was pasted. */
const QUOTED = 45;

/** A value as messages show it, in quotes, cut when it is long. */
export function quote(text: string): string {
  return text.length > QUOTED ? `"${text.slice(0, QUOTED)}…"` : `"${text}"`;
}

const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

/** A decimal number without sign and leading zeros, or null. (iptables reads a leading zero as octal.) */
export function parseDecimal(text: string): number | null {
  return DECIMAL.test(text) ? Number(text) : null;
}

/** The number that someone meant by `007`, for a help; null when the text is no such number. */
export function withoutLeadingZeros(text: string): string | null {
  return /^0+[0-9]+$/.test(text) ? text.replace(/^0+(?=[0-9])/, "") : null;
}
