//! One test for each rule of the protocol, on the toy backend with faults at chosen places.

mod claim;
mod commit;
mod destroy;
mod lease;
mod reader;
mod search;
mod tools;
mod traces;
