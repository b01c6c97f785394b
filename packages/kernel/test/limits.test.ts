/** What a config may say at most is taken by the kernel, and read back as it was written. */
import { MOST_COMBINATIONS } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { BACKENDS, makeLab, program } from "./lab.ts";

const list = (length: number, value: (at: number) => string) =>
  `{ ${Array.from({ length }, (_, at) => value(at)).join(", ")} }`;

const networks = (length: number, family: 4 | 6) =>
  list(length, (at) =>
    family === 4 ? `10.${2 * at}.0.0/16` : `2001:db8:ffff:${(2 * at).toString(16)}::/64`,
  );

/** Every kind of match as often as it may stand in one iptables rule, under the longest name that a flow may have. */
const LONGEST = ([4, 6] as const)
  .map((family) => {
    const excluded = `not src ${networks(24, family)} not dst ${networks(24, family)}`;
    const ports = `not srcport ${list(7, (at) => String(9 + 2 * at))} not dstport ${list(14, (at) => String(9 + 2 * at))}`;
    const types = `proto ${family === 4 ? "icmp" : "icmp6"} not icmptype ${list(12, (at) => `${at}/${at}`)}`;
    return `flow ${`long-name-${family}`.padEnd(27, "x")} table 100
  match iface a-long-name0123 ${excluded} ${ports} not state { invalid, untracked, related }
  match not iface ${list(8, (at) => `wg${at}`)} not proto ${list(8, (at) => String(150 + at))} ${excluded}
  match ${types} ${excluded} state { new, invalid }
  match proto ${family === 4 ? "icmp" : "icmp6"} not icmptype ${list(16, (at) => String(at))}`;
  })
  .join("\n");

const SIDE = Math.sqrt(MOST_COMBINATIONS);
const MOST = ([4, 6] as const)
  .map(
    (family) => `flow most-${family} deny match src ${networks(SIDE, family)} dst ${networks(SIDE, family)}`,
  )
  .join("\n");

describe.each(BACKENDS)("%s", (backend) => {
  test("the longest rules and the most of them", { timeout: 300_000 }, async () => {
    const lab = await makeLab(backend);
    const wanted = program(`${LONGEST}\n${MOST}`);
    await lab.kernel.check(wanted);
    await lab.kernel.apply(wanted);
    const { state } = await lab.kernel.read();
    for (const family of ["ip", "ip6"] as const) {
      const chain = state[family]?.chains.find(({ name }) => name === `@most-${family === "ip" ? 4 : 6}`);
      expect(chain?.rules).toHaveLength(MOST_COMBINATIONS);
    }
  });
});
