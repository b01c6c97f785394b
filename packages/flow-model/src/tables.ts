/** Routing tables, by number or by a name of the machine's rt_tables. */
import { type Parsed, parseDecimal, quote, refuse, withoutLeadingZeros } from "./value.ts";

export type Table = { number: number } | { name: string };

/** Tables that every machine has (linux/rtnetlink.h) and that a policy may name. */
export const KNOWN_TABLES: ReadonlyMap<string, number> = new Map([
  ["default", 253],
  ["main", 254],
]);

/** Highest table: the kernel counts in 32 bits. */
export const TABLE_MAX = 4_294_967_295;

/** Longest name that iproute2 reads from rt_tables (`%u %511s`). */
const NAME_LENGTH = 511;

const CODE = "bad-table";

/**
 * 1 to 4294967295, or any name: which names a machine knows is for the machine's own check to say.
 * `main` and `default` give their numbers.
 */
export function parseTable(text: string): Parsed<Table> {
  if (text === "local" || text === "255") {
    const help = "write main, or a table that holds routes to where the packets shall go";
    return refuse(CODE, "the table local (255) only knows this machine's own addresses", help);
  }
  if (text === "unspec" || text === "0") {
    return refuse(CODE, `${quote(text)} is not a routing table`, `tables go from 1 to ${TABLE_MAX}`);
  }
  const known = KNOWN_TABLES.get(text);
  if (known !== undefined) return { ok: { number: known } };
  const number = parseDecimal(text);
  if (number !== null && number <= TABLE_MAX) return { ok: { number } };
  if (number !== null) {
    return refuse(CODE, `there is no routing table ${quote(text)}`, `tables go from 1 to ${TABLE_MAX}`);
  }
  const meant = withoutLeadingZeros(text);
  if (meant !== null) {
    return refuse(CODE, `the table ${quote(text)} has a leading zero`, `write ${meant}`);
  }
  if (/^0x[0-9a-f]+$/i.test(text)) {
    return refuse(CODE, `the table ${quote(text)} is not a decimal number`, `write ${BigInt(text)}`);
  }
  if (text === "" || text.length > NAME_LENGTH || !isOneToken(text)) {
    return refuse(
      CODE,
      `${quote(text)} is not a routing table`,
      "write a number such as 100, or a name such as main",
    );
  }
  return { ok: { name: text } };
}

/** Would the name come back as one token when it is printed and read again? */
function isOneToken(text: string): boolean {
  return !/[\s{},#\p{Cc}]/u.test(text);
}
