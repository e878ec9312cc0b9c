//! The product from outside, in one binary.

#[cfg(test)]
mod attack_list;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod client;
#[cfg(test)]
mod cloud_ui;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod control;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod enterprise_manager;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod front;
#[cfg(test)]
mod manager_changes;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod outbound;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod reference_rules;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod registry_server;
#[cfg(test)]
mod report;
#[cfg(test)]
mod sabotage;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod shard;
#[cfg(test)]
mod sibling;
#[cfg(test)]
mod signing_key;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod values;
