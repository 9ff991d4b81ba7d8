//! The data of the virtual servers, and every command that ran on it.
//!
//! Each command of a caller has a number, which one of its words contains as `~number~`. Nearly every reply contains
//! the number, too. So the record says which command ran, how often, and in which order.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use super::answer::Answer;

/// The words of a command.
pub(super) type Words = Vec<String>;

/// A command that ran.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    /// The transaction in which it ran.
    pub(super) group: Option<u64>,
    pub(super) answer: Answer,
}

#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) lists: BTreeMap<String, VecDeque<String>>,
    texts: BTreeMap<String, String>,
    /// Rises with each write to the key.
    versions: BTreeMap<String, u64>,
    pub(super) runs: Vec<Run>,
    /// Connections that wait for an element.
    pub(super) waiting: Vec<Waker>,
    pub(super) groups: u64,
}

/// The number in a word, if it has one.
pub(super) fn number_in(word: &str) -> Option<u64> {
    word.split('~').nth(1)?.parse().ok()
}

/// The number of a command.
pub(super) fn number_of(words: &[String]) -> Option<u64> {
    words.iter().rev().find_map(|word| number_in(word))
}

pub(super) fn writes(words: &[String]) -> bool {
    matches!(&*words[0], "RPUSH" | "SET" | "APPEND" | "DEL" | "BLPOP" | "BLMOVE" | "EVAL")
}

/// The keys of a command.
pub(super) fn keys(words: &[String]) -> &[String] {
    match &*words[0] {
        "BLMOVE" => &words[1..3],
        "EVAL" => &words[3..4],
        "MGET" => &words[1..words.len() - 1],
        _ => words.get(1..2).unwrap_or_default(),
    }
}

/// What a command that ran came to.
pub(super) enum Ran {
    Answer(Answer),
    /// It waits for an element.
    Blocks,
}

impl Data {
    pub(super) fn version(&self, key: &str) -> u64 {
        self.versions.get(key).copied().unwrap_or(0)
    }

    /// Runs a command on the data.
    pub(super) fn run(&mut self, words: &[String], group: Option<u64>) -> Ran {
        let number = number_of(words).unwrap_or(0);
        let key = words[1].clone();
        let tag = format!("~{number}~");
        // The length is part of the reply, and the number makes the reply unique.
        let count = |length: usize| Answer::Int(number as i64 * 4096 + length as i64 % 4096);
        let answer = match &*words[0] {
            "RPUSH" if key.starts_with('w') => {
                return Ran::Answer(Answer::Error(
                    "WRONGTYPE Operation against a key holding the wrong kind of value".into(),
                ));
            }
            "RPUSH" => count(self.push(&key, &tag)),
            "LRANGE" => {
                let list = self.lists.get(&key).into_iter().flatten().cloned().map(Answer::Bulk);
                Answer::List(list.chain([Answer::Bulk(tag)]).collect())
            }
            "SET" => {
                self.texts.insert(key.clone(), words[2].clone());
                Answer::Simple("OK")
            }
            "APPEND" => {
                let text = self.texts.entry(key.clone()).or_default();
                text.push_str(&tag);
                count(text.len())
            }
            "GET" => match self.texts.get(&key) {
                Some(text) => Answer::Bulk(format!("{tag} {text}")),
                None => Answer::Bulk(tag),
            },
            "MGET" => {
                let texts = words[1..words.len() - 1].iter().map(|key| self.texts.get(key).cloned());
                let texts = texts.map(|text| text.map_or(Answer::Nil, Answer::Bulk));
                Answer::List(texts.chain([Answer::Bulk(tag)]).collect())
            }
            "DEL" => count(usize::from(self.texts.remove(&key).is_some())),
            "BLPOP" | "BLMOVE" => match self.lists.get_mut(&key).and_then(VecDeque::pop_front) {
                Some(element) if words[0] == "BLPOP" => {
                    Answer::List([key.clone(), element, tag].map(Answer::Bulk).to_vec())
                }
                Some(element) => {
                    let answer = Answer::Bulk(format!("{element} {tag}"));
                    self.push(&words[2], &element);
                    answer
                }
                None => return Ran::Blocks,
            },
            // The script pushes. Then it may return an error of its own.
            "EVAL" => {
                let length = self.push(&words[3], &tag);
                match words.get(5) {
                    Some(line) => Answer::Error(format!("{line} {tag}")),
                    None => count(length),
                }
            }
            other => return Ran::Answer(Answer::Error(format!("ERR unknown command '{other}'"))),
        };
        if writes(words) {
            for key in keys(words) {
                *self.versions.entry(key.clone()).or_default() += 1;
            }
        }
        self.runs.push(Run { number, group, answer: answer.clone() });
        Ran::Answer(answer)
    }

    fn push(&mut self, key: &str, element: &str) -> usize {
        let list = self.lists.entry(key.to_owned()).or_default();
        list.push_back(element.to_owned());
        list.len()
    }
}
