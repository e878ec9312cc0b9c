//! The MCP proxy before a real MCP server, over TLS: every rule of PLATFORM.md §6 from outside.

mod broken_server;
mod hints;
mod lists;
mod messages;
mod policy;
mod rig;
mod sdk;
mod sessions;
mod wire;
