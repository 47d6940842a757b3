//! The `askpm` program. All of its code is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    askpm::cli::run(std::env::args_os())
}
