//! The vocabulary that every other module speaks. No input or output, no time.

pub mod duration;
pub mod identifier;
pub mod requirement;
pub mod rule;
pub mod secret;
