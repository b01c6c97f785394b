export { FIVE_EXAMPLES, ON_MANY_LINES } from "../src/examples.ts";
