/** A change of the kernel as a person reads it. */
import type { Plan } from "@flowmgr/flow-api";
import {
  type Delta,
  describeIpRule,
  describeRoute,
  describeSet,
  type FamilyDelta,
  type FamilyName,
  listsBySet,
  type NetworkSet,
} from "@flowmgr/flow-compiler";
import type { Config } from "@flowmgr/flow-model";

/** `from` and `to` are the configs before and after; they know what the lists are called that sets are. */
export function planKernel(
  { sets, ip, ip6 }: Delta,
  { from, to }: { from: Config | undefined; to: Config },
): Plan["kernel"] {
  const told = { add: described(sets.make, to), remove: described(sets.remove, from) };
  return { ip: familyPlan(ip, told, "ip"), ip6: ip6 && familyPlan(ip6, told, "ip6") };
}

type Told = { [way in "add" | "remove"]: { family: FamilyName; text: string }[] };

/** `flowmgr-4-0123456789abcdef: 100000 networks, @office` */
function described(sets: readonly NetworkSet[], config: Config | undefined): Told["add"] {
  // Lists are looked through only where a set comes or goes.
  const lists = config && sets.length > 0 ? listsBySet(config) : null;
  return sets.map((set) => {
    const named = (lists?.get(set.name) ?? []).map((list) => `, @${list}`).join("");
    return { family: set.family, text: describeSet(set) + named };
  });
}

/** What a plan says of a family that nothing is known of. */
export const NO_KERNEL_PLAN: Plan["kernel"] = {
  ip: {
    added: [],
    removed: [],
    changed: [],
    restore: "",
    ipRules: { add: [], remove: [] },
    routes: { add: [], remove: [] },
    sets: { add: [], remove: [] },
  },
  ip6: null,
};

function familyPlan(delta: FamilyDelta, sets: Told, family: FamilyName): Plan["kernel"]["ip"] {
  const { added, removed, changed, restore, create, remove } = delta;
  const own = (told: Told["add"]) => told.flatMap((set) => (set.family === family ? set.text : []));
  return {
    added,
    removed,
    changed,
    restore,
    ipRules: {
      add: create.ipRules.map(describeIpRule),
      remove: remove.ipRules.map(describeIpRule),
    },
    routes: {
      add: create.routes.map(describeRoute),
      remove: remove.routes.map(describeRoute),
    },
    sets: {
      add: own(sets.add),
      remove: own(sets.remove),
    },
  };
}
