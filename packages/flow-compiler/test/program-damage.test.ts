/** Where something is wrong with a program, the proof finds a packet that shows it; where it finds none, nothing is. */
import { type Packet, printPacket } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompileOptions, Program } from "../src/index.ts";
import { configs, options, packets } from "./arbitrary.ts";
import { DAMAGES } from "./damages.ts";
import { pass } from "./packets.ts";
import { compiled, prove } from "./proving.ts";

/** What becomes of a packet with all foreign bits set, and of its mark; not who is counted. */
function fate(program: Program, packet: Packet, { markMask }: CompileOptions): string {
  const family = packet.family === 4 ? program.ip : program.ip6;
  if (family === null) return "no such family";
  const { verdict, mark } = pass(
    family,
    packet.direction === "in" ? "PREROUTING" : "OUTPUT",
    packet,
    ~markMask >>> 0,
    program.sets,
  );
  return verdict === "DROP" ? verdict : `${verdict} ${mark}`;
}

/** Of these no packet's verdict depends: routes and `ip rule`s are no part of the text. */
const UNSEEN = ["routes are missing", "ip rules are missing"];

describe("is proven wrong, with a packet that the damaged chains treat otherwise", () => {
  test.each(DAMAGES.filter(([what]) => !UNSEEN.includes(what)))(
    "%s",
    { timeout: 300_000 },
    (_what, damage) => {
      let found = 0;
      const property = fc.property(
        configs,
        options,
        fc.array(packets, { minLength: 10, maxLength: 10 }),
        (config, settings, some) => {
          const right = compiled(config, settings);
          const wrong = damage(right);
          const { status, packet } = prove(config, wrong, settings);
          expect(status).not.toBe("open");
          if (status === "equal") {
            // Damage that changes nothing: then it changes nothing for any packet.
            for (const one of some.filter(({ family }) => family === 4 || wrong.ip6 !== null)) {
              expect(fate(wrong, one, settings), printPacket(one)).toBe(fate(right, one, settings));
            }
            return;
          }
          if (packet) expect(fate(wrong, packet, settings)).not.toBe(fate(right, packet, settings));
          found += 1;
        },
      );
      for (let seed = 1; seed < 400 && found === 0; seed += 1) fc.assert(property, { numRuns: 20, seed });
      expect(found).toBeGreaterThan(0);
    },
  );
});
