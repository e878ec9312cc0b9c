//! One number for many texts: what two machines compare to know that they have the same.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 over texts, each preceded by its length, in hexadecimal.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let hexadecimal = |mut text: String, byte: &u8| {
        let _ = write!(text, "{byte:02x}");
        text
    };
    context.finish().as_ref().iter().fold(String::new(), hexadecimal)
}
