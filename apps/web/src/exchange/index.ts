export { exchangeActions } from "./actions.ts";
export { exchange } from "./asking.ts";
export { ExchangeDialogs } from "./exchange.tsx";
export { isSerious } from "./left-out.ts";
