/**
 * What may be called what, and why. The kernel sets the limits: a chain name holds 28 characters and the chain of
 * flow `ssh` is `@ssh`, so that no flow's chain can be taken for a target's name (`ACCEPT`), a built-in chain or
 * an option; what stays for the name is 27.
 */
import { type Parsed, quote, refuse } from "./value.ts";

/** Longest name of a flow or director: a chain name holds 28 characters, one is the `@` (measured, Linux 6.18). */
export const NAME_LENGTH = 27;

/** Longest interface name: IFNAMSIZ is 16 with the closing zero (linux/if.h). */
export const INTERFACE_LENGTH = 15;

const NAME = /^[A-Za-z0-9_-]+$/;
const DIRECTOR_NAME = /^[A-Za-z0-9._-]+$/;
const INTERFACE = /^[A-Za-z0-9._@=-]*\+?$/;

/** The name of a flow, an outflow or a list. */
export function parseName(text: string): Parsed<string> {
  return parseAs(text, "bad-name", NAME, "letters, digits, - and _");
}

/** The name of an LVS director: as a flow's, and it may hold dots. */
export function parseDirectorName(text: string): Parsed<string> {
  return parseAs(text, "bad-director", DIRECTOR_NAME, "letters, digits, -, _ and .");
}

function parseAs(text: string, code: string, allowed: RegExp, words: string): Parsed<string> {
  if (text === "") return refuse(code, "a name is missing", `a name is 1 to ${NAME_LENGTH} ${words}`);
  if (!allowed.test(text)) {
    return refuse(code, `the name ${quote(text)} holds characters that a name cannot hold`, `use ${words}`);
  }
  if (text.length > NAME_LENGTH) {
    const help = `use at most ${NAME_LENGTH}: the name becomes part of a chain name in the kernel`;
    return refuse(code, `the name ${quote(text)} has ${text.length} characters`, help);
  }
  return { ok: text };
}

/**
 * An interface name as a condition may hold it. A trailing `+` is a wildcard, `+` alone is every interface.
 * The kernel itself allows more (quotes, braces, commas): a quote in the text that iptables-restore reads
 * swallows the line end, so such names are refused here, once, and nobody further down needs to quote.
 */
export function parseInterface(text: string): Parsed<string> {
  const code = "bad-interface";
  const rule = "letters, digits and . _ - @ =, and + at the end for every interface that begins so";
  if (text === "") return refuse(code, "an interface name is missing", `use ${rule}`);
  if (text === "." || text === "..") {
    return refuse(code, `the kernel has no interface called ${quote(text)}`, "write a name such as eth0");
  }
  if (text.startsWith("@")) {
    return refuse(code, `an interface name cannot begin with @: ${quote(text)}`, "write a name such as eth0");
  }
  if (text.endsWith("*") && INTERFACE.test(text.slice(0, -1))) {
    return refuse(code, `* is no wildcard here: ${quote(text)}`, `write ${text.slice(0, -1)}+`);
  }
  if (!INTERFACE.test(text)) {
    const reason = "cannot be written safely into iptables rules";
    return refuse(code, `the interface name ${quote(text)} holds characters that ${reason}`, `use ${rule}`);
  }
  if (text.length > INTERFACE_LENGTH) {
    const help = `an interface name has at most ${INTERFACE_LENGTH}, a + at the end included`;
    return refuse(code, `the interface name ${quote(text)} has ${text.length} characters`, help);
  }
  return { ok: text };
}

/** Does an interface name stand under a pattern of `parseInterface`? As in iptables, `eth+` takes `eth` too. */
export function interfaceMatches(pattern: string, name: string): boolean {
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Every other pattern that takes all that this one takes: `eth+`, `et+`, `e+` and `+` of `eth0`. */
export function widerInterfaces(pattern: string): string[] {
  const start = pattern.endsWith("+") ? pattern.slice(0, -1) : `${pattern} `;
  return Array.from({ length: start.length }, (_, length) => `${start.slice(0, length)}+`);
}

/** The patterns that no other one covers, each once: `eth+` alone of `eth0, eth+`. */
export function widestInterfaces(patterns: readonly string[]): string[] {
  const all = new Set(patterns);
  return [...all].filter((pattern) => !widerInterfaces(pattern).some((other) => all.has(other)));
}

const reasonOf = (parsed: Parsed<string>): string | null => ("error" in parsed ? parsed.error.message : null);

/** Why the text cannot be the name of a flow, outflow or list; null when it can. */
export const checkName = (text: string): string | null => reasonOf(parseName(text));

/** Why the text cannot be the name of a director; null when it can. */
export const checkDirectorName = (text: string): string | null => reasonOf(parseDirectorName(text));

/** Why the text cannot stand for interfaces; null when it can. */
export const checkInterface = (text: string): string | null => reasonOf(parseInterface(text));
