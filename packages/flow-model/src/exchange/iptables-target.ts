/** Where an iptables rule sends its packets, and what it means to leave the rule out. */
import type { ReadRule } from "./iptables-rule.ts";

/** Targets behind which a packet goes on in its chain. */
const GOES_ON: ReadonlySet<string> = new Set([
  ...[
    "AUDIT",
    "CHECKSUM",
    "CLASSIFY",
    "CONNMARK",
    "CONNSECMARK",
    "CT",
    "DSCP",
    "ECN",
    "HL",
    "HMARK",
    "IDLETIMER",
  ],
  ...[
    "LED",
    "LOG",
    "MARK",
    "NFLOG",
    "NOTRACK",
    "RATEEST",
    "SECMARK",
    "SET",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TEE",
    "TOS",
  ],
  ...["TRACE", "TTL", "ULOG"],
]);

/** What becomes of its packets without the rule, as the end of a sentence. */
export function describeTarget({ target }: ReadRule, chain: string, isChain: boolean): string {
  if (target === null || GOES_ON.has(target)) return "no verdict of another line changes";
  if (target === "RETURN") return `the packets that leave ${chain} here meet the lines behind it`;
  const onward = "go on to the next lines and flows";
  if (isChain) return `${target} is not entered from here, and its packets ${onward}`;
  return `the packets that ${target} takes here ${onward}`;
}

/** `0x100/0xff00`: the mark that a MARK target sets, and the bits that it sets it in. */
export function markOf({ options }: ReadRule): string {
  const [option = "", value = ""] = options;
  const [mark = "", mask] = value.split("/");
  const hex = (text: string) => (Number.isInteger(Number(text)) ? `0x${Number(text).toString(16)}` : text);
  if (!/^--set-x?mark$/.test(option)) return options.join(" ");
  return mask === undefined || mask === "0xffffffff" ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}
