//! The `qd` binary; everything is in the library.

fn main() -> std::process::ExitCode {
    quarterdeck::cli::main()
}
