/**
 * What the language says of packets, as formulas for Z3: a second opinion that shares nothing with the analysis but
 * the parsers of single values. Fields are bit vectors; an interface is one of a few names.
 *
 * Z3 runs as a program of its own, one run a question, so that it can neither keep the tests nor fill their memory.
 */
import { spawnSync } from "node:child_process";
import {
  type Condition,
  type Conditions,
  type Family,
  type MeaningOptions,
  parseAddress,
  parseIcmpType,
  parsePorts,
  parseProtocol,
  rangeOf,
  STATES,
} from "@flowmgr/flow-model";

/** In SMT-LIB 2. */
type Formula = string;

/** A field of a packet as a constant of so many bits. */
type Field = { name: string; bits: number };

/** The longest that Z3 may think, in seconds: it needs milliseconds. */
const LONGEST = 20;

/** The interfaces that a packet may have here: names, and some that patterns take. */
export const INTERFACES = ["lo", "lo1", "l", "eth", "eth0", "eth1", "eth0.100", "wg@0", "wg0", "a=b", "x"];

const OCCURRING: Record<Family, (proto: number) => boolean> = {
  4: (proto) => proto !== 0 && proto !== 58,
  6: (proto) => ![0, 1, 43, 44, 51, 60].includes(proto),
};

export const and = (...all: Formula[]): Formula => `(and true ${all.join(" ")})`;
export const or = (...all: Formula[]): Formula => `(or false ${all.join(" ")})`;
export const not = (one: Formula): Formula => `(not ${one})`;

const literal = ({ bits }: Field, value: number | bigint): Formula => `(_ bv${value} ${bits})`;
const is = (field: Field, value: number | bigint): Formula => `(= ${field.name} ${literal(field, value)})`;
const between = (field: Field, low: number | bigint, high: number | bigint): Formula =>
  `(and (bvuge ${field.name} ${literal(field, low)}) (bvule ${field.name} ${literal(field, high)}))`;
const below = (field: Field, bound: number): Formula => `(bvult ${field.name} ${literal(field, bound)})`;

/** The packets of one family. */
export class Oracle {
  readonly #family: Family;
  readonly #meaning: MeaningOptions;
  readonly #fields: Record<
    "dst" | "src" | "proto" | "dstport" | "srcport" | "iface" | "icmp" | "state",
    Field
  >;

  constructor(family: Family, meaning: MeaningOptions) {
    this.#family = family;
    this.#meaning = meaning;
    const bits = family === 4 ? 32 : 128;
    this.#fields = {
      dst: { name: "dst", bits },
      src: { name: "src", bits },
      proto: { name: "proto", bits: 8 },
      dstport: { name: "dstport", bits: 16 },
      srcport: { name: "srcport", bits: 16 },
      iface: { name: "iface", bits: 8 },
      icmp: { name: "icmp", bits: 16 },
      state: { name: "state", bits: 8 },
    };
  }

  /** A packet for which both formulas differ, in Z3's words; null: they are proven equal. */
  differing(one: Formula, other: Formula): string | null {
    return this.possible(`(xor ${one} ${other})`);
  }

  /** A packet for which the formula holds; null: proven that there is none. */
  possible(formula: Formula): string | null {
    const question = [
      ...Object.values(this.#fields).map(({ name, bits }) => `(declare-const ${name} (_ BitVec ${bits}))`),
      `(define-fun real () Bool ${this.#real()})`,
      `(assert ${formula})`,
      "(check-sat)",
      "(get-model)",
    ];
    const { stdout, error } = spawnSync("z3", ["-in", `-T:${LONGEST}`], {
      input: question.join("\n"),
      encoding: "utf8",
      timeout: (LONGEST + 10) * 1000,
      killSignal: "SIGKILL",
    });
    if (error) throw error;
    const [answer = "", ...model] = stdout.split("\n");
    if (answer === "unsat") return null;
    if (answer === "sat") return model.join("\n");
    throw new Error(`Z3 says: ${stdout.slice(0, 500)}`);
  }

  /** Packets as they can be: ports and ICMP types only where the protocol has them, else 0. */
  #real(): Formula {
    const { proto, dstport, srcport, icmp, iface, state } = this.#fields;
    const numbers = Array.from({ length: 256 }, (_, number) => number).filter(OCCURRING[this.#family]);
    return and(
      or(...numbers.map((number) => is(proto, number))),
      or(this.#ported(), and(is(dstport, 0), is(srcport, 0))),
      or(is(proto, this.#icmpProtocol), is(icmp, 0)),
      below(iface, INTERFACES.length),
      below(state, STATES.length),
    );
  }

  get #icmpProtocol(): number {
    return this.#family === 4 ? 1 : 58;
  }

  #ported(numbers: readonly number[] = [6, 17, 132]): Formula {
    return or(...numbers.map((number) => is(this.#fields.proto, number)));
  }

  /** The packets that a rule holds for; `except`: interfaces that are left out. */
  holds(conditions: Conditions, except: readonly string[] = []): Formula {
    const { iface, proto, src, dst, srcport, dstport, icmptype, state } = conditions;
    const fields = this.#fields;
    const protocols = proto?.values.map((text) => ok(parseProtocol(text))) ?? [];
    const all: Formula[] = ["real"];
    const ask = (condition: Condition, inside: Formula) => all.push(condition.not ? not(inside) : inside);
    if (iface) ask(iface, this.#onInterface(iface.values));
    if (except.length > 0) all.push(not(this.#onInterface(except)));
    if (proto) ask(proto, or(...protocols.map((number) => is(fields.proto, number))));
    for (const [condition, field] of [
      [src, fields.src],
      [dst, fields.dst],
    ] as const) {
      if (!condition) continue;
      const networks = condition.values.map((text) => ok(parseAddress(text)));
      const own = networks.filter(({ family }) => family === this.#family).map(rangeOf);
      if (own.length === 0) return "false";
      ask(condition, or(...own.map(({ low, high }) => between(field, low, high))));
    }
    for (const [condition, field] of [
      [srcport, fields.srcport],
      [dstport, fields.dstport],
    ] as const) {
      if (!condition) continue;
      const ranges = condition.values.map((text) => ok(parsePorts(text)));
      ask(condition, or(...ranges.map(({ low, high }) => between(field, low, high))));
      all.push(this.#ported(proto && !proto.not && protocols.includes(132) ? [6, 17, 132] : [6, 17]));
    }
    if (icmptype) {
      const isSix = proto !== undefined && !proto.not && protocols.includes(58);
      if (isSix !== (this.#family === 6)) return "false";
      ask(icmptype, this.#ofType(icmptype.values));
      all.push(is(fields.proto, this.#icmpProtocol));
    }
    if (state) {
      const named = STATES.flatMap((name, at) => (state.values.includes(name) ? [at] : []));
      ask(state, or(...named.map((at) => is(fields.state, at))));
    }
    return and(...all, not(this.#spared(conditions, protocols)));
  }

  /** This machine's own packets and neighbour discovery, as far as the conditions don't name them. */
  #spared({ iface, proto }: Conditions, protocols: readonly number[]): Formula {
    const spared: Formula[] = [];
    const namesLo =
      iface !== undefined && !iface.not && iface.values.some((one) => one === "lo" || one === "lo+");
    if (this.#meaning.loopback === "spare" && !namesLo) spared.push(this.#onInterface(["lo"]));
    const namesIcmp6 = proto !== undefined && !proto.not && protocols.includes(58);
    if (this.#family === 6 && this.#meaning.neighbours === "spare" && !namesIcmp6) {
      const types = [
        [130, 137],
        [143, 143],
      ].map(([low = 0, high = 0]) => between(this.#fields.icmp, low * 256, high * 256 + 255));
      spared.push(and(is(this.#fields.proto, 58), or(...types)));
    }
    return or(...spared);
  }

  #onInterface(patterns: readonly string[]): Formula {
    const taken = INTERFACES.flatMap((name, at) =>
      patterns.some((one) => (one.endsWith("+") ? name.startsWith(one.slice(0, -1)) : name === one))
        ? [at]
        : [],
    );
    return or(...taken.map((at) => is(this.#fields.iface, at)));
  }

  #ofType(values: readonly string[]): Formula {
    const types = values.map((text) => ok(parseIcmpType(text, this.#family)));
    return or(
      ...types.map((type) => {
        if ("any" in type) return "true";
        const first = type.type * 256 + (type.code ?? 0);
        return between(this.#fields.icmp, first, type.code === null ? first + 255 : first);
      }),
    );
  }

  /** Does a port, by its number, lie in one of the intervals? */
  destinationIn(intervals: readonly number[]): Formula {
    const ranges = intervals.flatMap((low, at) =>
      at % 2 === 0 ? [between(this.#fields.dstport, low, intervals[at + 1] ?? low)] : [],
    );
    return or(...ranges);
  }
}

function ok<Value>(parsed: { ok: Value } | { error: { message: string } }): Value {
  if ("ok" in parsed) return parsed.ok;
  throw new Error(parsed.error.message);
}
