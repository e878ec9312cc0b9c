//! The vocabulary that every other module speaks. No input or output, no time.

pub mod absence;
pub(crate) mod bounded;
pub mod concealed;
pub(crate) mod digest;
pub mod directives;
pub mod divergence;
pub mod duration;
pub mod envelope;
pub mod identifier;
pub mod requirement;
pub mod resource_url;
pub mod rule;
pub mod secret;
pub mod shard;
pub mod values;
