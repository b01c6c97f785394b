/** A change of the kernel as a person reads it. */
import type { Plan } from "@flowmgr/flow-api";
import {
  type Delta,
  describeIpRule,
  describeRoute,
  describeSet,
  type FamilyDelta,
  type FamilyName,
  type SetsDelta,
} from "@flowmgr/flow-compiler";

export function planKernel({ sets, ip, ip6 }: Delta): Plan["kernel"] {
  return { ip: familyPlan(ip, sets, "ip"), ip6: ip6 && familyPlan(ip6, sets, "ip6") };
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

function familyPlan(delta: FamilyDelta, sets: SetsDelta, family: FamilyName): Plan["kernel"]["ip"] {
  const { added, removed, changed, restore, create, remove } = delta;
  const own = (set: { family: FamilyName }) => set.family === family;
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
      add: sets.make.filter(own).map(describeSet),
      remove: sets.remove.filter(own).map(describeSet),
    },
  };
}
