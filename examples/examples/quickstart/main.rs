//! The tour: writes thousands of airports from a CSV file to Redis, reads them back and compares each one.
//!
//! ```sh
//! cargo xtask quickstart                                    # on a private server
//! REDIS_URL=redis://localhost cargo xtask quickstart        # on yours; the tour leaves it unchanged
//! cargo xtask quickstart -- my.csv                          # with a file of your own
//! ```
//!
//! Its last line is `quickstart: 3376 saved, 3376 read back, 3376 equal`, with the counted numbers. If one of them differs
//! from the number of airports in the file, the exit code is 1.

mod airport;
mod guest;
mod show;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow, bail, ensure};
use redis_om::prelude::*;
use redis_om_examples::Place;

use airport::Airport;
use guest::Guest;
use show::{Step, say};

/// How many airports are written or read in one round trip.
const CHUNK: usize = 500;

/// The numbers of the last line.
#[derive(Clone, Copy)]
struct Counts {
    saved: usize,
    read: usize,
    equal: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let given = env::args_os().nth(1).map(PathBuf::from);
    let file = given.unwrap_or_else(|| [env!("CARGO_MANIFEST_DIR"), "data", "airports.csv"].iter().collect());

    let step = Step::begin("read the file");
    let (airports, bad) = airport::read(&file)?;
    bad.iter().for_each(|row| eprintln!("skipped: {row}"));
    step.end(airports.len());
    say(format!("{} rows skipped", bad.len()));

    // The server in REDIS_URL, or a private one that is stopped when `place` is dropped.
    let place = Place::find()?;
    let client = Client::connect(place.url()).await?;
    let whose = if place.is_private() { "a private server" } else { "the server in REDIS_URL" };
    say(format!("connected to {whose}, {}", client.config().to_url_redacted()));

    // On a server of the user, overwrite nothing, and remove what was written, also after an error.
    let guest = if place.is_private() { None } else { Some(Guest::enter(&client, &airports).await?) };
    let result = tokio::select! {
        result = tour(&client, &airports) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
    };
    let cleaned = match guest {
        Some(guest) => guest.leave().await.context("remove what was written"),
        None => Ok(()),
    };
    if let (Err(_), Err(error)) = (&result, &cleaned) {
        eprintln!("{error:#}");
    }
    let Counts { saved, read, equal } = result?;
    cleaned?;

    say(format!("quickstart: {saved} saved, {read} read back, {equal} equal"));
    let complete = [saved, read, equal] == [airports.len(); 3];
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn tour(client: &Client, airports: &[Airport]) -> Result<Counts> {
    let step = Step::begin("save");
    let bar = show::bar(airports.len());
    let mut saved = 0;
    for chunk in airports.chunks(CHUNK) {
        Airport::save_many(client, chunk).await?;
        saved += chunk.len();
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    step.end(saved);

    let step = Step::begin("read back");
    let mut found: Vec<Option<Airport>> = Vec::new();
    for chunk in airports.chunks(CHUNK) {
        found.extend(Airport::get_many(client, chunk.iter().map(Airport::id)).await?);
    }
    let read = found.iter().flatten().count();
    step.end(read);

    let step = Step::begin("compare");
    let differences = airport::differences(airports, &found);
    let counts = Counts { saved, read, equal: airports.len() - differences.len() };
    step.end(counts.equal);
    differences.iter().take(10).for_each(|difference| eprintln!("different: {difference}"));

    show::table_by_state(found.iter().flatten());
    if differences.is_empty() {
        changes(client, airports).await?;
    }
    Ok(counts)
}

/// One airport renamed and one deleted: command by command, in a pipeline, in a transaction.
async fn changes(client: &Client, airports: &[Airport]) -> Result<()> {
    let [first, second, third, fourth, fifth, sixth, ..] = airports else {
        bail!("the file has {} good rows: the tour needs 6", airports.len());
    };

    // One round trip for each command.
    let step = Step::begin("one by one");
    let mut airport =
        Airport::get(client, first.id()).await?.context("the airport that was read before is gone")?;
    airport.name.push_str(" (renamed)");
    airport.save(client).await?;
    let now = Airport::get(client, first.id()).await?;
    let deleted = Airport::delete_by_id(client, second.id()).await?;
    ensure!(
        now.as_ref() == Some(&airport) && deleted,
        "expected the new name and one deletion, found {now:?}, deleted: {deleted}"
    );
    step.end(2);
    say(format!("  {} is {:?} now, {} is deleted", airport.iata, airport.name, second.iata));

    // A pipeline: the same commands in one round trip, with a typed reply for each.
    let step = Step::begin("in a pipeline");
    let renamed = Airport { name: format!("{} (renamed)", third.name), ..third.clone() };
    let batch = pipe()
        .add(renamed.save(cmd()))
        .add(Airport::get(cmd(), third.id()))
        .add(Airport::delete_by_id(cmd(), fourth.id()));
    let ((), now, deleted) = client.run(batch).await?;
    ensure!(
        now.as_ref() == Some(&renamed) && deleted,
        "expected the new name and one deletion, found {now:?}, deleted: {deleted}"
    );
    step.end(2);
    say(format!("  {} is {:?} now, {} is deleted", renamed.iata, renamed.name, fourth.iata));

    // A transaction: all commands run or none, and no other client sees one without the others.
    let step = Step::begin("in a transaction");
    let renamed = Airport { name: format!("{} (renamed)", fifth.name), ..fifth.clone() };
    let batch = atomic()
        .add(renamed.save(cmd()))
        .add(Airport::get(cmd(), fifth.id()))
        .add(Airport::delete_by_id(cmd(), sixth.id()));
    let ((), now, deleted) = client.run(batch).await?;
    ensure!(
        now.as_ref() == Some(&renamed) && deleted,
        "expected the new name and one deletion, found {now:?}, deleted: {deleted}"
    );
    step.end(2);
    say(format!("  {} is {:?} now, {} is deleted", renamed.iata, renamed.name, sixth.iata));

    for gone in [second, fourth, sixth] {
        ensure!(!Airport::exists(client, gone.id()).await?, "{} was deleted and is still there", gone.iata);
    }
    Ok(())
}
