/** Rule sets that are hard on purpose; the same for the same size and seed, on every machine. */
import { type Config, EMPTY_CONFIG, parse } from "@flowmgr/flow-model";

/** Whole numbers from 0 on, below a limit (mulberry32, Tommy Ettinger, public domain). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
}

const configOf = (rules: readonly string[]): Config =>
  rules.length === 0
    ? EMPTY_CONFIG
    : parse(
        rules.map((rule, at) => `flow f${at} ${at % 3 === 0 ? "deny" : "permit"} match ${rule}`).join("\n"),
      ).config;

/**
 * As ClassBench's access lists are made: sites, nested prefixes of them on both sides, ports exact, from the common
 * ranges or any, and protocols in the usual parts (Taylor and Turner, "ClassBench", INFOCOM 2005).
 */
export function classBenchLike(count: number, seed: number): Config {
  const below = numbers(seed);
  const sites = Array.from(
    { length: Math.max(40, count >> 3) },
    () => [below(223) + 1, below(256), below(256)] as const,
  );
  const prefix = (mayBeAny: boolean) => {
    const [a, b, c] = sites[below(sites.length)] ?? [10, 0, 0];
    const kind = below(10);
    if (kind === 0 && mayBeAny) return null;
    if (kind < 2) return `${a}.${b}.0.0/16`;
    if (kind < 6) return `${a}.${b}.${c}.0/24`;
    return kind < 8 ? `${a}.${b}.${c}.${below(16) * 16}/28` : `${a}.${b}.${c}.${below(256)}`;
  };
  const port = () =>
    ["22", "25", "53", "80", "443", "1024:65535", "0:1023", "6789", null, null][below(10)] ?? null;
  return configOf(
    Array.from({ length: count }, () => {
      const proto = ["tcp", "tcp", "tcp", "udp", null][below(5)] ?? null;
      const src = prefix(true);
      const asked = { proto, src, dst: prefix(src !== null), dstport: port() };
      return Object.entries(asked)
        .flatMap(([kind, value]) => (value === null ? [] : [`${kind} ${value}`]))
        .join(" ");
    }),
  );
}

/** Boxes in four fields, each a random interval (of addresses a random wide network): they overlap as badly as can be. */
export function randomBoxes(count: number): Config {
  const below = numbers(7);
  const network = () => `${below(256)}.${below(256)}.0.0/${1 + below(8)}`;
  const ports = () => {
    const [a, b] = [below(65_536), below(65_536)];
    return `${Math.min(a, b)}:${Math.max(a, b)}`;
  };
  const masked = (text: string) => {
    const [address = "", length = "0"] = text.split("/");
    const bits = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - Number(length));
    const start = Math.floor(bits / size) * size;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".")}/${length}`;
  };
  return configOf(
    Array.from(
      { length: count },
      () =>
        `proto tcp src ${masked(network())} dst ${masked(network())} srcport ${ports()} dstport ${ports()}`,
    ),
  );
}
