/** A change of the kernel as a person reads it. */
import type { Plan } from "@flowmgr/flow-api";
import { type Delta, describeIpRule, describeRoute, type FamilyDelta } from "@flowmgr/flow-compiler";

export function planKernel(delta: Delta): Plan["kernel"] {
  return { ip: familyPlan(delta.ip), ip6: delta.ip6 && familyPlan(delta.ip6) };
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
  },
  ip6: null,
};

function familyPlan(family: FamilyDelta): Plan["kernel"]["ip"] {
  const { added, removed, changed, restore, create, remove } = family;
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
  };
}
