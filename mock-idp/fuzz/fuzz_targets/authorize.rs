//! Requests of any shape at the authorization endpoint: see `src/fuzzing.rs`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mock_idp::fuzzing::{Harness, Target};

static HARNESS: LazyLock<Harness> = LazyLock::new(|| Harness::new().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    if let Err(why) = HARNESS.run(Target::Authorize, bytes) {
        panic!("{why}");
    }
});
