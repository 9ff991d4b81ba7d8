//! The model, and the file from which it is read.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use redis_om::prelude::*;
use serde::Deserialize;

/// An airport: a row in the file, a hash in Redis.
#[derive(RedisModel, Deserialize, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "redis-om-quickstart:airport")]
pub(crate) struct Airport {
    #[redis(id)]
    pub(crate) iata: String,
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) country: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

const COLUMNS: [&str; 7] = ["iata", "name", "city", "state", "country", "latitude", "longitude"];

/// Reads the file. Returns the valid rows, and for each invalid row a text with its line and what is wrong.
pub(crate) fn read(file: &Path) -> Result<(Vec<Airport>, Vec<String>)> {
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("read {}", file.display()))?;
    let headers = reader.byte_headers().with_context(|| format!("read {}", file.display()))?.clone();
    let missing = COLUMNS.iter().filter(|name| !headers.iter().any(|header| header == name.as_bytes()));
    let missing: Vec<_> = missing.copied().collect();
    ensure!(missing.is_empty(), "{}: the first line has no column {}", file.display(), missing.join(", "));

    let (mut airports, mut bad) = (Vec::new(), Vec::new());
    let mut lines = HashMap::new();
    let mut record = csv::ByteRecord::new();
    loop {
        // Read as bytes, so that text that is not UTF-8 makes only its own row invalid.
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Err(error) if error.is_io_error() => bail!("read {}: {error}", file.display()),
            Err(error) => bad.push(format!("line {}: {}", line(error.position()), what(&error, &headers))),
            Ok(true) => {
                let line = line(record.position());
                let row = record.deserialize::<Airport>(Some(&headers));
                match row.map_err(|error| anyhow!(what(&error, &headers))).and_then(check) {
                    Err(error) => bad.push(format!("line {line}: {error}")),
                    Ok(airport) => match lines.entry(airport.iata.clone()) {
                        Entry::Occupied(first) => {
                            bad.push(format!(
                                "line {line}: {} is already on line {}",
                                airport.iata,
                                first.get()
                            ));
                        }
                        Entry::Vacant(free) => {
                            free.insert(line);
                            airports.push(airport);
                        }
                    },
                }
            }
        }
    }
    ensure!(!airports.is_empty(), "{}: no airport in it, {} bad rows", file.display(), bad.len());
    Ok((airports, bad))
}

fn line(position: Option<&csv::Position>) -> u64 {
    position.map_or(0, csv::Position::line)
}

/// What is wrong with a row. Names the column.
fn what(error: &csv::Error, headers: &csv::ByteRecord) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the first line has {expected_len}")
        }
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| headers.get(usize::try_from(field).ok()?));
            format!("{}: {}", String::from_utf8_lossy(column.unwrap_or(b"the row")), err.kind())
        }
        _ => error.to_string(),
    }
}

/// Checks what the types do not express.
fn check(airport: Airport) -> Result<Airport> {
    ensure!(!airport.iata.is_empty(), "the iata code is empty");
    // In this form, NaN is out of range, too.
    ensure!(airport.latitude.abs() <= 90.0, "the latitude {} is not within 90 degrees", airport.latitude);
    ensure!(
        airport.longitude.abs() <= 180.0,
        "the longitude {} is not within 180 degrees",
        airport.longitude
    );
    Ok(airport)
}

/// A line for each airport that is missing or has a field that differs.
pub(crate) fn differences(wanted: &[Airport], found: &[Option<Airport>]) -> Vec<String> {
    let pairs = wanted.iter().zip(found);
    pairs.filter_map(|(wanted, found)| difference(wanted, found.as_ref())).collect()
}

fn difference(wanted: &Airport, found: Option<&Airport>) -> Option<String> {
    let Some(found) = found else { return Some(format!("{} is missing", wanted.key())) };
    let fields = [
        ("iata", wanted.iata == found.iata),
        ("name", wanted.name == found.name),
        ("city", wanted.city == found.city),
        ("state", wanted.state == found.state),
        ("country", wanted.country == found.country),
        ("latitude", wanted.latitude == found.latitude),
        ("longitude", wanted.longitude == found.longitude),
    ];
    let differ: Vec<_> = fields.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    (!differ.is_empty())
        .then(|| format!("{}: {}: {wanted:?}, but read {found:?}", wanted.key(), differ.join(", ")))
}
