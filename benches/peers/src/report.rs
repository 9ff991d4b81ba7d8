//! The result of a row, as a table and as JSON.

use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use serde_json::{Map, Value, json};

use crate::contestants::Id;
use crate::rows::{Row, Threshold};
use crate::stats::Spread;

/// A column of the table: both generations of redis-rs share one.
pub(crate) const COLUMNS: [&str; 5] = ["raw", "redis-rs", "fred", "rustis", "ours"];

/// The result of one row.
pub(crate) struct Outcome {
    pub(crate) row: Row,
    pub(crate) unit: &'static str,
    /// The figure of each contestant.
    pub(crate) figures: Vec<(Id, f64)>,
    /// Other figures by name, for the JSON form and the notes.
    pub(crate) more: Vec<(&'static str, Vec<(Id, f64)>)>,
    /// The ratio of ours to the best peer, over the rounds.
    pub(crate) ratio: Option<Spread>,
    /// The ratio of ours to the raw socket, over the rounds.
    pub(crate) of_raw: Option<Spread>,
    /// Whether a larger figure is better.
    pub(crate) more_is_better: bool,
    /// Whether the cores were kept awake, where that matters.
    pub(crate) awake: Option<bool>,
    pub(crate) skipped: Option<String>,
}

impl Outcome {
    /// A row in which a smaller figure is better.
    pub(crate) fn new(row: Row, unit: &'static str, figures: Vec<(Id, f64)>) -> Self {
        let (more, ratio, of_raw, awake, skipped) = (Vec::new(), None, None, None, None);
        Self { row, unit, figures, more, ratio, of_raw, more_is_better: false, awake, skipped }
    }

    /// A row that cannot be measured on this machine.
    pub(crate) fn skipped(row: Row, why: &str) -> Self {
        Self { skipped: Some(why.to_owned()), ..Self::new(row, "", Vec::new()) }
    }

    /// The figure of a column; for redis-rs that of its better generation.
    fn column(&self, name: &str) -> Option<f64> {
        best(&self.figures, self.more_is_better, |id| group(id) == name)
    }

    /// The figure of the best peer.
    fn best_peer(&self) -> Option<(Id, f64)> {
        let peers = self.figures.iter().copied().filter(|(id, _)| id.is_peer());
        if self.more_is_better {
            peers.max_by(|a, b| a.1.total_cmp(&b.1))
        } else {
            peers.min_by(|a, b| a.1.total_cmp(&b.1))
        }
    }

    /// Whether ours holds the threshold. `None` where ours, or the peer of the threshold, was not measured.
    pub(crate) fn holds(&self) -> Option<bool> {
        let ours = self.column("ours");
        match self.row.threshold {
            Threshold::Ratio(least) => {
                let holds = self.ratio.as_ref()?.median >= least;
                Some(match self.row.of_raw {
                    None => holds,
                    Some(least) => holds && self.of_raw.as_ref()?.median >= least,
                })
            }
            Threshold::AtMost(most) => ours.map(|ours| ours <= most),
            Threshold::NoMoreThanRustis => {
                let mut holds = ours? <= self.column("rustis")?;
                for (_, figures) in self.more.iter().filter(|(name, _)| *name == "crates") {
                    holds &= best(figures, false, |id| group(id) == "ours")?
                        <= best(figures, false, |id| group(id) == "rustis")?;
                }
                Some(holds)
            }
        }
    }

    /// One object, one line.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("row".into(), self.row.name.into());
        if let Some(why) = &self.skipped {
            object.insert("skipped".into(), why.as_str().into());
            return object.into();
        }
        object.insert("unit".into(), self.unit.into());
        object.insert("figures".into(), self.all(&self.figures));
        for (name, figures) in &self.more {
            object.insert((*name).into(), self.all(figures));
        }
        if let Some((id, _)) = self.best_peer() {
            object.insert("best_peer".into(), group(id).into());
        }
        if let Some(ratio) = &self.ratio {
            object.insert("ratio".into(), rounded(ratio.median));
            object.insert("ratio_min".into(), rounded(ratio.min));
            object.insert("ratio_max".into(), rounded(ratio.max));
        }
        if let Some(of_raw) = &self.of_raw {
            object.insert("of_raw".into(), rounded(of_raw.median));
        }
        if let Some(least) = self.row.of_raw {
            object.insert("of_raw_at_least".into(), json!(least));
        }
        if let Some(awake) = self.awake {
            object.insert("cores_kept_awake".into(), awake.into());
        }
        match self.row.threshold {
            Threshold::Ratio(least) => object.insert("at_least".into(), json!(least)),
            Threshold::AtMost(most) => object.insert("limit".into(), json!(most)),
            Threshold::NoMoreThanRustis => object.insert("limit".into(), json!(self.column("rustis"))),
        };
        object.insert("holds".into(), json!(self.holds()));
        object.into()
    }

    fn all(&self, figures: &[(Id, f64)]) -> Value {
        let mut object = Map::new();
        for column in COLUMNS {
            if let Some(figure) = best(figures, self.more_is_better, |id| group(id) == column) {
                object.insert(column.into(), rounded(figure));
            }
        }
        for (id, figure) in figures.iter().filter(|(id, _)| id.name() != group(*id)) {
            object.insert(id.name().into(), rounded(*figure));
        }
        object.into()
    }

    fn threshold(&self) -> String {
        match self.row.threshold {
            Threshold::Ratio(least) => match self.row.of_raw {
                None => format!("≥ {least}"),
                Some(of_raw) => format!("≥ {least}, raw ≥ {of_raw}"),
            },
            Threshold::AtMost(most) => format!("≤ {}", figure(most)),
            Threshold::NoMoreThanRustis => "≤ rustis".to_owned(),
        }
    }

    fn ratio_text(&self) -> String {
        match &self.ratio {
            Some(ratio) => format!("{:.2} ({:.2}..{:.2})", ratio.median, ratio.min, ratio.max),
            None => "—".to_owned(),
        }
    }

    /// The lines under the table, for figures without a column.
    fn notes(&self) -> Vec<String> {
        if let Some(why) = &self.skipped {
            return vec![format!("{}: skipped: {why}", self.row.name)];
        }
        let list = |figures: &[(Id, f64)]| {
            let texts: Vec<_> =
                figures.iter().map(|(id, value)| format!("{id} {}", figure(*value))).collect();
            texts.join(", ")
        };
        self.more
            .iter()
            .map(|(name, figures)| format!("{}: {name}: {}", self.row.name, list(figures)))
            .collect()
    }
}

/// The table.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    let mut head = vec!["row", "what", "unit"];
    head.extend(COLUMNS);
    head.extend(["ours / best peer", "ours / raw", "threshold", ""]);
    table.set_header(head);
    for outcome in outcomes {
        let mut cells =
            vec![Cell::new(outcome.row.name), Cell::new(outcome.row.title), Cell::new(outcome.unit)];
        for column in COLUMNS {
            let text = outcome.column(column).map_or_else(|| "—".to_owned(), figure);
            cells.push(Cell::new(text).set_alignment(CellAlignment::Right));
        }
        cells.push(Cell::new(outcome.ratio_text()));
        let of_raw = outcome.of_raw.map_or_else(|| "—".to_owned(), |ratio| format!("{:.2}", ratio.median));
        cells.push(Cell::new(of_raw));
        cells.push(Cell::new(outcome.threshold()));
        cells.push(match (outcome.holds(), &outcome.skipped) {
            (_, Some(_)) => Cell::new("skipped").fg(Color::Yellow),
            (Some(true), _) => Cell::new("holds").fg(Color::Green),
            (Some(false), _) => Cell::new("misses").fg(Color::Red),
            (None, _) => Cell::new("—"),
        });
        table.add_row(cells);
    }
    let mut notes: Vec<_> = outcomes.iter().flat_map(Outcome::notes).collect();
    for (awake, note) in [
        (true, "pinned rows: the cores were kept awake (--let-cores-sleep lets them sleep)"),
        (false, "pinned rows: the cores could sleep, and waking them is part of the figures"),
    ] {
        if outcomes.iter().any(|outcome| outcome.awake == Some(awake)) {
            notes.push(note.to_owned());
        }
    }
    format!("{table}\n{}", notes.join("\n"))
}

/// The column of a contestant.
fn group(id: Id) -> &'static str {
    match id {
        Id::RedisRs1 | Id::RedisRs2 => "redis-rs",
        other => other.name(),
    }
}

fn best(figures: &[(Id, f64)], more_is_better: bool, of: impl Fn(Id) -> bool) -> Option<f64> {
    let values = figures.iter().filter(|(id, _)| of(*id)).map(|(_, value)| *value);
    if more_is_better { values.max_by(f64::total_cmp) } else { values.min_by(f64::total_cmp) }
}

fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

/// A number with separators between thousands where it is large, and with decimals where it is small.
fn figure(value: f64) -> String {
    if value < 100.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(threshold: Threshold, ours: f64) -> Outcome {
        let kind = crate::rows::Kind::Hello;
        let row = Row { name: "row", title: "a row", kind, threshold, of_raw: None };
        let ratio = Some(Spread { median: ours, min: ours, max: ours });
        let figures = vec![(Id::RedisRs1, 2.0), (Id::RedisRs2, 3.0), (Id::Rustis, 2.5)];
        let unit = "operations/s";
        Outcome { ratio, more_is_better: true, ..Outcome::new(row, unit, figures) }
    }

    #[test]
    fn the_better_redis_rs_counts() {
        let json = outcome(Threshold::Ratio(1.5), 1.6).json();
        assert_eq!(json["figures"]["redis-rs"], 3.0);
        assert_eq!(json["figures"]["redis-rs-1"], 2.0);
        assert_eq!(json["best_peer"], "redis-rs");
    }

    #[test]
    fn a_ratio_holds_or_misses() {
        assert_eq!(outcome(Threshold::Ratio(1.5), 1.6).holds(), Some(true));
        assert_eq!(outcome(Threshold::Ratio(1.5), 1.4).holds(), Some(false));
        assert_eq!(outcome(Threshold::AtMost(1.0), 1.0).holds(), None);
    }

    #[test]
    fn a_row_can_have_a_limit_of_raw_too() {
        let of_raw = |ratio: f64| {
            let mut outcome = outcome(Threshold::Ratio(1.0), 1.2);
            outcome.row.of_raw = Some(0.95);
            outcome.of_raw = Some(Spread { median: ratio, min: ratio, max: ratio });
            outcome
        };
        assert_eq!([of_raw(0.96).holds(), of_raw(0.94).holds()], [Some(true), Some(false)]);
        assert_eq!(Outcome { of_raw: None, ..of_raw(0.96) }.holds(), None);
        assert_eq!(of_raw(0.96).json()["of_raw_at_least"], 0.95);
    }

    #[test]
    fn figures_are_readable() {
        assert_eq!(
            [1_234_567.0, 999.6, 12.5, 1.0, 0.0].map(figure),
            ["1,234,567", "1,000", "12.5", "1", "0"]
        );
    }
}
