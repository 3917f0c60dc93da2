//! Real processes: what survives their death, what is cut off is cut off, and nothing stays behind.

#![cfg(target_os = "linux")]

mod cluster;
mod http;
mod left;
mod links;
mod maelstrom;
mod netns;
mod nodes;
mod objects;
mod parity;
mod remote;
mod sealed;
#[path = "../command_line/shell.rs"]
mod shell;
mod survival;
mod world;
