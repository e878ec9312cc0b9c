//! The executable: arguments and environment in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here and passed in")]
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    touchstone::cli::main(std::env::args_os(), &environment).into()
}
