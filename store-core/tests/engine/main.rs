//! The engine above the waist. One binary for all of it: each one more would compile what the stores are made of anew.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

mod ahead;
mod buffer;
mod cache;
mod calls;
mod coalescing;
mod commit;
mod counters;
mod event_time;
mod interleavings;
mod layers;
mod maps;
mod near;
mod scan;
mod search;
mod threads;
mod versions;
