export { freeName } from "@flowmgr/flow-model/exchange";
