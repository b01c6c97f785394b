export * from "./address.ts";
export * from "./address-bits.ts";
export * from "./address-set.ts";
export * from "./changes.ts";
export * from "./check.ts";
export * from "./combinations.ts";
export * from "./config-delta.ts";
export { kernelRulesOf, MOST_KERNEL_RULES } from "./config-size.ts";
export * from "./diagnostic.ts";
export * from "./edit.ts";
export * from "./edit-schema.ts";
export type { Family } from "./family.ts";
export * from "./holds.ts";
export * from "./icmp.ts";
export * from "./icmp-errors.ts";
export * from "./item-key.ts";
export * from "./lists.ts";
export * from "./names.ts";
export * from "./networks.ts";
export * from "./packet.ts";
export { type Parse, parse } from "./parser.ts";
export * from "./ports.ts";
export { printWithPlaces } from "./print-places.ts";
export {
  print,
  printCondition,
  printExpect,
  printFlow,
  printItem,
  printPolicy,
  printRule,
  printValues,
} from "./printer.ts";
export * from "./protocols.ts";
export { locate } from "./report.ts";
export * from "./schema.ts";
export * from "./search.ts";
export { sharing } from "./sharing.ts";
export * from "./states.ts";
export * from "./tables.ts";
export * from "./value.ts";
