export { PROVEN, type ProgramText, type Proof, type ProofOptions, proveProgram } from "./proof.ts";
