/** A text that is read behind another one, of which most is known, says what it says alone. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Chains } from "../src/program/chains.ts";
import { type Piece, readRestoreText } from "../src/program/restore-text.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 1000);
const NONE = new Map();

/** Some pieces are of one chain, some of several; `more` goes on with a chain that another piece began. */
const PIECES: readonly Piece[] = [
  ":a - [0:0]\n:b - [0:0]\n:c - [0:0]\n",
  ":a - [0:0]\n:b - [0:0]\n",
  ":c - [0:0]\n",
  ":d - [0:0]\n-A d -j DROP\n",
  "-A PREROUTING -j a\n",
  "-A a -p tcp -j b\n-A a -j c\n",
  "-A a -p udp -j b\n-A a -j c\n",
  "-A b -j DROP\n",
  "-A b -s 10.0.0.0/8 -j RETURN\n",
  "-A c -j ACCEPT\n-A b -j ACCEPT\n",
  "-A c -g d\n",
  "-A c -j c\n",
].map((text) => ({ text }));

const OPENS: Piece = { text: "*mangle\n" };
const CLOSES: Piece = { text: "COMMIT\n" };

const between = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 9 });

/** Mostly what a program has, so that most texts can be read. */
const usual = fc
  .shuffledSubarray(PIECES.slice(4, 10))
  .map((rules): Piece[] => [...PIECES.slice(0, 1), ...PIECES.slice(3, 4), ...rules]);

/** Each chain with its rules, or why it is refused. */
function told(read: () => Chains): unknown {
  try {
    return [...read()].map(([name, rules]) => `${name}: ${rules.map(({ text }) => text).join("; ")}`).sort();
  } catch {
    return "refused";
  }
}

test("any text behind any other", () => {
  const texts = fc.array(fc.oneof({ weight: 3, arbitrary: usual }, between), { minLength: 2, maxLength: 6 });
  let readable = 0;
  fc.assert(
    fc.property(texts, (all) => {
      let before: { chains: Chains; sets: typeof NONE } | undefined;
      for (const some of all) {
        const pieces = [OPENS, ...some, CLOSES];
        const unread = pieces.map(({ text }) => ({ text }));
        expect(told(() => readRestoreText(pieces, 4, NONE, before))).toEqual(
          told(() => readRestoreText(unread, 4, NONE)),
        );
        try {
          const chains = readRestoreText(pieces, 4, NONE, before);
          for (const [name, rules] of before?.chains ?? []) {
            const now = chains.get(name);
            const isSame = now?.length === rules.length && now.every((rule, at) => rule === rules[at]);
            if (isSame) expect(now).toBe(rules);
          }
          before = { chains, sets: NONE };
          readable += 1;
        } catch {
          // What cannot be read is nothing to read another one behind.
        }
      }
    }),
    { numRuns: RUNS },
  );
  expect(readable).toBeGreaterThan(RUNS / 2);
});
