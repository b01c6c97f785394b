/** Why a text is no address, and what to write instead. Kept apart: good addresses never come here. */
import { parseIPv4, parseIPv6, printBits } from "./address-bits.ts";
import type { Family } from "./family.ts";
import { parseDecimal, quote, type ValueError, withoutLeadingZeros } from "./value.ts";

const EXAMPLES = "write an address such as 192.168.0.1, 192.168.0.0/24 or 2001:db8::/32";

const error = (message: string, help: string): ValueError => ({ code: "bad-address", message, help });

const withMask = (address: string, mask: string | null) => (mask === null ? address : `${address}/${mask}`);

/** Why a text without a colon is no IPv4 address. */
export function explainIPv4(written: string, mask: string | null): ValueError {
  if (written === "") return error("an address is missing", EXAMPLES);
  if (/^[0-9a-f.]+-[0-9a-f.]+$/i.test(written)) {
    return error(`${quote(written)} is a range of addresses`, "write the networks that it consists of");
  }
  const octets = written.split(".");
  if (!octets.every((octet) => /^[0-9]+$/.test(octet))) {
    if (!/[a-z]/i.test(written)) return error(`${quote(written)} is not an address`, EXAMPLES);
    return error(`${quote(written)} is not an address; names are not looked up`, EXAMPLES);
  }
  if (octets.length < 4) {
    const filled = [...octets, "0", "0", "0"].slice(0, 4).join(".");
    const help = `write all four numbers, such as ${mask === null ? `${filled}/${octets.length * 8}` : withMask(filled, mask)}`;
    return error(`the address ${quote(written)} has ${octets.length} of 4 numbers`, help);
  }
  if (octets.length > 4) return error(`the address ${quote(written)} has more than 4 numbers`, EXAMPLES);
  const big = octets.find((octet) => Number(octet) > 255);
  if (big !== undefined) {
    return error(
      `${quote(big)} is too big in the address ${quote(written)}`,
      "each number goes from 0 to 255",
    );
  }
  const plain = octets.map((octet) => withoutLeadingZeros(octet) ?? octet).join(".");
  const message = `the address ${quote(written)} has leading zeros, which some programs read as octal`;
  return error(message, `write ${withMask(plain, mask)}`);
}

/** Why a text with a colon is no IPv6 address; `bits` when only what it means is refused. */
export function explainIPv6(written: string, mask: string | null, bits: bigint | null): ValueError {
  if (bits !== null) return refuseMapped(written, mask, bits);
  const zone = written.indexOf("%");
  if (zone >= 0) {
    const help = `write ${withMask(written.slice(0, zone), mask)} and say the interface by iface`;
    return error(`the address ${quote(written)} has a zone`, help);
  }
  const bracketed = /^\[(.*)\](?::([0-9]+))?$/.exec(written);
  if (bracketed && parseIPv6(bracketed[1] ?? "") !== null) {
    const port = bracketed[2] === undefined ? "" : ` and the port by srcport or dstport`;
    return error(`the address ${quote(written)} has brackets`, `write ${bracketed[1]}${port}`);
  }
  const colon = written.lastIndexOf(":");
  if (parseIPv4(written.slice(0, colon)) !== null) {
    const help = `write ${written.slice(0, colon)} and the port by srcport or dstport`;
    return error(`the address ${quote(written)} has a port`, help);
  }
  return error(`${quote(written)} is not an IPv6 address`, explainGroups(written));
}

function explainGroups(written: string): string {
  if (written.split("::").length > 2 || written.includes(":::")) return "write :: once at most";
  const groups = written.split(":");
  if (groups.some((group) => /^[0-9a-f]{5,}$/i.test(group))) return "each group has 1 to 4 hex digits";
  const last = groups.at(-1) ?? "";
  if (last.includes(".") && parseIPv4(last) === null) return explainIPv4(last, null).help;
  if (groups.some((group) => /[^0-9a-f.]/i.test(group))) return "groups consist of 0 to 9 and a to f";
  return "write eight groups, or :: once for a run of zero groups, such as 2001:db8::1";
}

function refuseMapped(written: string, mask: string | null, bits: bigint): ValueError {
  const prefix = mask === null ? 128 : (parseDecimal(mask) ?? 128);
  const address = printBits(4, bits & 0xffff_ffffn);
  const help = `write ${prefix >= 96 && prefix < 128 ? `${address}/${prefix - 96}` : address}`;
  return error(`${quote(written)} is an IPv4 address written as IPv6`, help);
}

/** Why what stands behind the slash is no prefix length. */
export function refusePrefix(text: string, mask: string, family: Family): ValueError {
  const code = "bad-prefix";
  const highest = family === 4 ? 32 : 128;
  const range = `0 to ${highest}${family === 4 ? ", or a mask such as 255.255.255.0" : ""}`;
  if (parseDecimal(mask) !== null) {
    return {
      code,
      message: `the prefix of ${quote(text)} is too long`,
      help: `write ${range}`,
    };
  }
  const plain = withoutLeadingZeros(mask);
  if (plain !== null) {
    return {
      code,
      message: `the prefix of ${quote(text)} has a leading zero`,
      help: `write /${plain}`,
    };
  }
  if (family === 6 && parseIPv4(mask) !== null) {
    return {
      code,
      message: "a dotted mask is for IPv4 only",
      help: `write a prefix, ${range}`,
    };
  }
  return {
    code,
    message: `${quote(mask)} is not a prefix length`,
    help: `write ${range}`,
  };
}

/** Why a dotted mask is none: its ones are not all in front. */
export function refuseMask(text: string, mask: string, bits: number): ValueError {
  const code = "bad-mask";
  const wildcard = Math.log2(bits + 1);
  if (Number.isInteger(wildcard)) {
    const message = `${quote(mask)} is a wildcard mask, not a network mask`;
    return {
      code,
      message,
      help: `write ${text.slice(0, text.indexOf("/"))}/${32 - wildcard}`,
    };
  }
  const help = "write a prefix such as /24; a mask is ones, then zeros, such as 255.255.255.0";
  return {
    code,
    message: `the mask ${quote(mask)} has zeros between its ones`,
    help,
  };
}
