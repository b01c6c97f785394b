/**
 * What the language says of packets, as formulas for Z3: a second opinion that shares nothing with the analysis but
 * the parsers of single values. Fields are bit vectors; an interface is one of a few names.
 */
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
import { type BitVec, type Bool, init } from "z3-solver";

const { Context, em } = await init();
const Z3 = Context("packets");
type Formula = Bool<"packets">;
type Field = BitVec<number, "packets">;

/** Ends Z3's threads, which would keep the process. */
export const endOracle = (): void => em.PThread.terminateAllThreads();

/** The interfaces that a packet may have here: names, and some that patterns take. */
export const INTERFACES = ["lo", "lo1", "l", "eth", "eth0", "eth1", "eth0.100", "wg@0", "wg0", "a=b", "x"];

const OCCURRING: Record<Family, (proto: number) => boolean> = {
  4: (proto) => proto !== 0 && proto !== 58,
  6: (proto) => ![0, 1, 43, 44, 51, 60].includes(proto),
};

/** The packets of one family. */
export class Oracle {
  readonly #family: Family;
  readonly #meaning: MeaningOptions;
  readonly #bits: number;
  readonly dst: Field;
  readonly src: Field;
  readonly proto: Field;
  readonly dstport: Field;
  readonly srcport: Field;
  readonly iface: Field;
  readonly icmp: Field;
  readonly state: Field;

  constructor(family: Family, meaning: MeaningOptions) {
    this.#family = family;
    this.#meaning = meaning;
    this.#bits = family === 4 ? 32 : 128;
    this.dst = Z3.BitVec.const("dst", this.#bits);
    this.src = Z3.BitVec.const("src", this.#bits);
    this.proto = Z3.BitVec.const("proto", 8);
    this.dstport = Z3.BitVec.const("dstport", 16);
    this.srcport = Z3.BitVec.const("srcport", 16);
    this.iface = Z3.BitVec.const("iface", 8);
    this.icmp = Z3.BitVec.const("icmp", 16);
    this.state = Z3.BitVec.const("state", 8);
  }

  /** Packets as they can be: ports and ICMP types only where the protocol has them, else 0. */
  get real(): Formula {
    const numbers = Array.from({ length: 256 }, (_, proto) => proto).filter(OCCURRING[this.#family]);
    const zero = (field: Field) => field.eq(Z3.BitVec.val(0, 16));
    return Z3.And(
      Z3.Or(...numbers.map((proto) => this.#is(this.proto, proto, 8))),
      Z3.Or(this.#ported(), Z3.And(zero(this.dstport), zero(this.srcport))),
      Z3.Or(this.#is(this.proto, this.#icmpProtocol, 8), zero(this.icmp)),
      this.iface.ult(Z3.BitVec.val(INTERFACES.length, 8)),
      this.state.ult(Z3.BitVec.val(STATES.length, 8)),
    );
  }

  get #icmpProtocol(): number {
    return this.#family === 4 ? 1 : 58;
  }

  #is(field: Field, value: number | bigint, bits: number): Formula {
    return field.eq(Z3.BitVec.val(value, bits));
  }

  #between(field: Field, low: number | bigint, high: number | bigint, bits: number): Formula {
    return Z3.And(field.uge(Z3.BitVec.val(low, bits)), field.ule(Z3.BitVec.val(high, bits)));
  }

  #ported(numbers: readonly number[] = [6, 17, 132]): Formula {
    return Z3.Or(...numbers.map((number) => this.#is(this.proto, number, 8)));
  }

  /** The packets that a rule holds for; `except`: interfaces that are left out. */
  holds(conditions: Conditions, except: readonly string[] = []): Formula {
    const { iface, proto, src, dst, srcport, dstport, icmptype, state } = conditions;
    const protocols = proto?.values.map((text) => ok(parseProtocol(text))) ?? [];
    const all: Formula[] = [this.real];
    const ask = (condition: Condition, inside: Formula) => all.push(condition.not ? Z3.Not(inside) : inside);
    if (iface) ask(iface, this.#onInterface(iface.values));
    if (except.length > 0) all.push(Z3.Not(this.#onInterface(except)));
    if (proto) ask(proto, Z3.Or(...protocols.map((number) => this.#is(this.proto, number, 8))));
    for (const [condition, field] of [
      [src, this.src],
      [dst, this.dst],
    ] as const) {
      if (!condition) continue;
      const networks = condition.values.map((text) => ok(parseAddress(text)));
      const own = networks.filter(({ family }) => family === this.#family).map(rangeOf);
      if (own.length === 0) return Z3.Bool.val(false);
      ask(condition, Z3.Or(...own.map(({ low, high }) => this.#between(field, low, high, this.#bits))));
    }
    for (const [condition, field] of [
      [srcport, this.srcport],
      [dstport, this.dstport],
    ] as const) {
      if (!condition) continue;
      const ranges = condition.values.map((text) => ok(parsePorts(text)));
      ask(condition, Z3.Or(...ranges.map(({ low, high }) => this.#between(field, low, high, 16))));
      all.push(this.#ported(proto && !proto.not && protocols.includes(132) ? [6, 17, 132] : [6, 17]));
    }
    if (icmptype) {
      const isSix = proto !== undefined && !proto.not && protocols.includes(58);
      if (isSix !== (this.#family === 6)) return Z3.Bool.val(false);
      ask(icmptype, this.#ofType(icmptype.values));
      all.push(this.#is(this.proto, this.#icmpProtocol, 8));
    }
    if (state) {
      const named = STATES.flatMap((name, at) => (state.values.includes(name) ? [at] : []));
      ask(state, Z3.Or(...named.map((at) => this.#is(this.state, at, 8))));
    }
    return Z3.And(...all, Z3.Not(this.#spared(conditions, protocols)));
  }

  /** This machine's own packets and neighbour discovery, as far as the conditions don't name them. */
  #spared({ iface, proto }: Conditions, protocols: readonly number[]): Formula {
    const spared: Formula[] = [Z3.Bool.val(false)];
    const namesLo =
      iface !== undefined && !iface.not && iface.values.some((one) => one === "lo" || one === "lo+");
    if (this.#meaning.loopback === "spare" && !namesLo) spared.push(this.#onInterface(["lo"]));
    const namesIcmp6 = proto !== undefined && !proto.not && protocols.includes(58);
    if (this.#family === 6 && this.#meaning.neighbours === "spare" && !namesIcmp6) {
      const types = [
        [130, 137],
        [143, 143],
      ].map(([low = 0, high = 0]) => this.#between(this.icmp, low * 256, high * 256 + 255, 16));
      spared.push(Z3.And(this.#is(this.proto, 58, 8), Z3.Or(...types)));
    }
    return Z3.Or(...spared);
  }

  #onInterface(patterns: readonly string[]): Formula {
    const taken = INTERFACES.flatMap((name, at) =>
      patterns.some((one) => (one.endsWith("+") ? name.startsWith(one.slice(0, -1)) : name === one))
        ? [at]
        : [],
    );
    return Z3.Or(Z3.Bool.val(false), ...taken.map((at) => this.#is(this.iface, at, 8)));
  }

  #ofType(values: readonly string[]): Formula {
    const types = values.map((text) => ok(parseIcmpType(text, this.#family)));
    return Z3.Or(
      ...types.map((type) => {
        if ("any" in type) return Z3.Bool.val(true);
        const first = type.type * 256 + (type.code ?? 0);
        return this.#between(this.icmp, first, type.code === null ? first + 255 : first, 16);
      }),
    );
  }

  /** Does a port, by its number, lie in one of the intervals? */
  destinationIn(intervals: readonly number[]): Formula {
    const ranges = intervals.flatMap((low, at) =>
      at % 2 === 0 ? [this.#between(this.dstport, low, intervals[at + 1] ?? low, 16)] : [],
    );
    return Z3.Or(Z3.Bool.val(false), ...ranges);
  }
}

function ok<Value>(parsed: { ok: Value } | { error: { message: string } }): Value {
  if ("ok" in parsed) return parsed.ok;
  throw new Error(parsed.error.message);
}

export const and = (...all: Formula[]): Formula => Z3.And(Z3.Bool.val(true), ...all);
export const or = (...all: Formula[]): Formula => Z3.Or(Z3.Bool.val(false), ...all);
export const not = (one: Formula): Formula => Z3.Not(one);

/** A packet for which both formulas differ, in Z3's words; null: they are proven equal. */
export async function differing(one: Formula, other: Formula): Promise<string | null> {
  return possible(Z3.Xor(one, other));
}

/** A packet for which the formula holds; null: proven that there is none. */
export async function possible(formula: Formula): Promise<string | null> {
  const solver = new Z3.Solver();
  solver.add(formula);
  const answer = await solver.check();
  if (answer === "unknown") throw new Error("Z3 does not know");
  return answer === "sat" ? solver.model().sexpr() : null;
}
