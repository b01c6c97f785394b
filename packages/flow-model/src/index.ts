export * from "./diagnostic.ts";
export * from "./edit.ts";
export * from "./packet.ts";
export * from "./schema.ts";
