/** Our chains as the kernel has them, drift from what should be there, and putting it right. */
import { z } from "zod";

/** One iptables rule of ours as it stands in the kernel. */
export const kernelRuleSchema = z.object({
  /** The words behind `-A CHAIN`, as iptables-save prints them. */
  text: z.string(),
  packets: z.number(),
  bytes: z.number(),
  /** The flow that it comes from; null for plumbing, and for what our program does not hold. */
  flow: z.string().nullable(),
  /** The rule of that flow, from 1; null for its ICMP errors and where there is no flow. */
  rule: z.number().nullable(),
});
export type KernelRule = z.output<typeof kernelRuleSchema>;

export const kernelChainSchema = z.object({
  name: z.string(),
  /** hook: a built-in chain that holds a jump of ours (only our jumps are listed); main: FLOWS and its like. */
  kind: z.enum(["hook", "main", "flow", "helper"]),
  /** The flow whose chain it is; null for main chains and hooks. */
  flow: z.string().nullable(),
  rules: z.array(kernelRuleSchema),
  /** Of a hook: how many rules of others stand before and behind our jump (the first, should there be several). */
  foreign: z.object({ before: z.number(), behind: z.number() }).optional(),
});
export type KernelChain = z.output<typeof kernelChainSchema>;

export const kernelFamilySchema = z.object({
  /** Hooks, main chains, then those of the flows in the order of the config. */
  chains: z.array(kernelChainSchema),
  /** Name of the last chain here when more follow: give it as `after`, with `family`; null at the end. */
  next: z.string().nullable(),
  /** Our `ip rule`s and routes, one line each, in the words of `ip`. */
  ipRules: z.array(z.string()),
  routes: z.array(z.string()),
  /** Our sets of networks, which rules name (`--match-set NAME src`); `ipset list NAME` shows what one holds. */
  sets: z.array(
    z.object({
      name: z.string(),
      networks: z.number(),
      /** The lists of the running config that are this set. */
      lists: z.array(z.string()),
    }),
  ),
});
export type KernelFamily = z.output<typeof kernelFamilySchema>;

/** Drift that was put right. */
export const repairSchema = z.object({
  at: z.string(),
  /** Who asked for it; `the server` when nobody did. */
  by: z.string(),
  /** What was put back; null: nothing was applied, so what was there was taken out. */
  revision: z.number().nullable(),
  /** One sentence about what differed. */
  detail: z.string(),
});
export type Repair = z.output<typeof repairSchema>;

export const kernelSchema = z.object({
  at: z.string(),
  /** The command that shows the same: `ip netns exec flowmgr iptables-nft -t mangle -L -v -n`. */
  command: z.string(),
  ip: kernelFamilySchema,
  ip6: kernelFamilySchema.nullable(),
  drift: z.object({
    drifted: z.boolean(),
    /** One sentence; null when all is as it should be. */
    detail: z.string().nullable(),
    /** Unified diff from what should be in the kernel to what is there, rules and routing; "" without drift. */
    text: z.string(),
  }),
  /** The latest repairs, the newest first, 20 at most. */
  repairs: z.array(repairSchema),
});
export type KernelListing = z.output<typeof kernelSchema>;

/** `POST /kernel/repair`: the running revision put back; `changed` is false when nothing was wrong. */
export const repairedSchema = z.object({ changed: z.boolean(), revision: z.number().nullable() });
