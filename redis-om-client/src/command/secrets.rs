//! Which arguments are secrets: they are not shown in texts and errors.

/// Whether the `index`-th of a command's words is a secret, or holds one.
pub(super) fn is_secret(words: &[&[u8]], index: usize) -> bool {
    let is =
        |at: usize, name: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    let behind = |name: &str, distance: usize| index > distance && is(index - distance, name);
    let Some(name) = words.first() else { return false };
    match name.to_ascii_uppercase().as_slice() {
        // `AUTH password` and `AUTH user password`.
        b"AUTH" => index > 1 || (index == 1 && words.len() == 2),
        b"HELLO" => behind("AUTH", 2),
        // Pairs of a name and its value.
        b"CONFIG" if is(1, "SET") => index > 2 && index % 2 == 1 && names_secret(words[index - 1]),
        b"SENTINEL" => index > 2 && names_secret(words[index - 1]),
        b"ACL" if is(1, "SETUSER") => index > 2 && has_password(words[index]),
        b"MIGRATE" => {
            // Key names stand behind `KEYS`, and may be anything.
            let options = words.iter().skip(6).position(|word| word.eq_ignore_ascii_case(b"KEYS"));
            let end = options.map_or(words.len(), |at| at + 6);
            (6..end).contains(&index)
                && (index > 6 && is(index - 1, "AUTH") || index > 7 && is(index - 2, "AUTH2"))
        }
        _ => false,
    }
}

/// Whether the value of this setting is a secret: `requirepass`, `masterauth`, `tls-key-file-pass` and the like.
fn names_secret(setting: &[u8]) -> bool {
    let setting = setting.to_ascii_lowercase();
    setting.ends_with(b"auth") || memchr::memmem::find(&setting, b"pass").is_some()
}

/// Whether a rule of a user sets or removes a password, or the hash of one.
fn has_password(rule: &[u8]) -> bool {
    rule.split(u8::is_ascii_whitespace).any(|word| matches!(word.first(), Some(b'>' | b'<' | b'#' | b'!')))
}

#[cfg(test)]
mod tests {
    use crate::{
        command::{Cmd, Executor, Plan, atomic, pipe, raw},
        error::{Error, ServerError},
    };

    /// Words with a secret in them, and as they are shown.
    const SHOWN: [(&str, &str); 14] = [
        ("AUTH s3cret", "AUTH ***"),
        ("auth ann s3cret", "auth ann ***"),
        ("AUTH ann s3cret s3cret", "AUTH ann *** ***"),
        ("HELLO 3 AUTH ann s3cret SETNAME shop", "HELLO 3 AUTH ann *** SETNAME shop"),
        ("CONFIG SET requirepass s3cret maxmemory 1", "CONFIG SET requirepass *** maxmemory 1"),
        ("config set maxmemory 1 MasterAuth s3cret", "config set maxmemory 1 MasterAuth ***"),
        ("CONFIG SET primaryauth s3cret", "CONFIG SET primaryauth ***"),
        ("CONFIG SET tls-key-file-pass s3cret", "CONFIG SET tls-key-file-pass ***"),
        ("ACL SETUSER ann on >s3cret <s3cret #s3cret !s3cret ~*", "ACL SETUSER ann on *** *** *** *** ~*"),
        ("MIGRATE host 1 k 0 9 AUTH s3cret", "MIGRATE host 1 k 0 9 AUTH ***"),
        ("MIGRATE host 1 k 0 9 COPY AUTH2 ann s3cret", "MIGRATE host 1 k 0 9 COPY AUTH2 ann ***"),
        ("MIGRATE host 1 x 0 9 KEYS AUTH b", "MIGRATE host 1 x 0 9 KEYS AUTH b"),
        ("SENTINEL SET main auth-pass s3cret", "SENTINEL SET main auth-pass ***"),
        ("CONFIG GET requirepass", "CONFIG GET requirepass"),
    ];

    #[test]
    fn are_shown_by_no_command() {
        for (words, shown) in SHOWN {
            let mut split = words.split(' ');
            let typed = Cmd::new(split.next().unwrap());
            for cmd in [raw(words), split.fold(typed, |cmd, word| cmd.arg(word))] {
                assert_eq!(cmd.to_string(), shown);
                assert_eq!(format!("{cmd:?}"), format!("Cmd({shown})"));
                let command = cmd.clone().reply::<()>();
                assert!(format!("{command} {command:?}").contains(shown));
                let batch = pipe().execute(Cmd::new("GET").key("k").reply::<()>()).execute(command.clone());
                assert!(!format!("{batch} {batch:?}").contains("s3cret"), "{batch}");
                assert!(batch.to_string().ends_with(shown), "{batch}");
                let mut batch = atomic().execute(command);
                batch.seal();
                assert!(!format!("{batch} {batch:?} {}", batch.cmd()).contains("s3cret"), "{batch}");
            }
        }
    }

    #[test]
    fn are_shown_by_no_error() {
        let line = "ERR Error in ACL SETUSER modifier '#s3cret': no hash of 'ann'";
        let cmd = raw("ACL SETUSER").arg("ann").arg("#s3cret");
        let error = cmd.in_context(Error::server(ServerError::parse(line)), 0);
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        assert!(error.to_string().contains("modifier '***'"), "{error}");
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("PING"));
        batch.push(&Cmd::new("AUTH").arg("s3cret"));
        let error = batch.in_context_of_part(Error::server(ServerError::parse("ERR s3cret is wrong")), 1);
        assert_eq!(error.to_string(), "AUTH: command 2 of 2: ERR *** is wrong");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}
