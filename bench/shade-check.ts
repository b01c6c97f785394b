/** What a check of pairs finds: rules that one earlier rule contains. Each rule is held against each earlier one. */
import { addressSet, type Condition, type Config, flowsOf, type Rule } from "@flowmgr/flow-model";

type Range = { low: bigint; high: bigint };
/** By field the ranges that a rule asks for; absent: any. */
type Asked = Partial<
  Record<"src4" | "src6" | "dst4" | "dst6" | "srcport" | "dstport" | "proto", readonly Range[]>
> & {
  /** The other conditions as text: contained where they are the same. */
  rest: string;
};

/** How many rules of a config some earlier one contains; of those without negations and that do not ignore. */
export function containedRules(config: Config): number {
  const rules = flowsOf(config).flatMap((flow) =>
    flow.skipped
      ? []
      : flow.rules.flatMap((rule) => (rule.off || rule.verb === "ignore" ? [] : [askedBy(rule)])),
  );
  let contained = 0;
  for (const [at, rule] of rules.entries()) {
    for (let before = 0; before < at; before += 1) {
      const earlier = rules[before];
      if (!earlier || !contains(earlier, rule)) continue;
      contained += 1;
      break;
    }
  }
  return contained;
}

function askedBy({ conditions }: Rule): Asked {
  const { src, dst, srcport, dstport, proto, ...others } = conditions;
  const negated = Object.values(conditions).some(({ not }) => not);
  const asked: Asked = { rest: JSON.stringify(negated ? conditions : others) };
  if (negated) return asked;
  if (src) Object.assign(asked, { src4: addressSet(src.values)[4], src6: addressSet(src.values)[6] });
  if (dst) Object.assign(asked, { dst4: addressSet(dst.values)[4], dst6: addressSet(dst.values)[6] });
  if (srcport) asked.srcport = ports(srcport);
  if (dstport) asked.dstport = ports(dstport);
  if (proto) asked.proto = proto.values.map((name) => ({ low: idOf(name), high: idOf(name) }));
  return asked;
}

function ports({ values }: Condition): Range[] {
  return values.map((text) => {
    const [low = "0", high = low] = text.split(":");
    return { low: BigInt(low), high: BigInt(high) };
  });
}

const ids = new Map<string, bigint>();

function idOf(name: string): bigint {
  const id = ids.get(name) ?? BigInt(ids.size);
  ids.set(name, id);
  return id;
}

const FIELDS = ["dst4", "dst6", "src4", "src6", "proto", "dstport", "srcport"] as const;

function contains(wide: Asked, narrow: Asked): boolean {
  for (const field of FIELDS) {
    const outer = wide[field];
    if (!outer) continue;
    const inner = narrow[field];
    if (!inner) return false;
    const inside = inner.every(({ low, high }) =>
      outer.some((range) => range.low <= low && high <= range.high),
    );
    if (!inside) return false;
  }
  return wide.rest === "{}" || wide.rest === narrow.rest;
}
