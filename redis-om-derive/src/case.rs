//! Conversion of names to another case.

/// A case of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

/// Each case with its name in `rename_all`.
const ALL: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, case)| *case)
    }

    pub(crate) fn names() -> Vec<&'static str> {
        ALL.iter().map(|(name, _)| *name).collect()
    }

    /// The name in this case, whatever case it is in.
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        match self {
            Self::Lower => words.concat(),
            Self::Upper => words.concat().to_uppercase(),
            Self::Snake => words.join("_"),
            Self::ScreamingSnake => words.join("_").to_uppercase(),
            Self::Kebab => words.join("-"),
            Self::ScreamingKebab => words.join("-").to_uppercase(),
            Self::Pascal => words.iter().map(|word| capital(word)).collect(),
            Self::Camel => words
                .iter()
                .enumerate()
                .map(|(index, word)| if index == 0 { word.clone() } else { capital(word) })
                .collect(),
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The words of a name in snake case or in Pascal case, in lower case: `HTTPServer2` is `http`, `server2`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (index, &char) in chars.iter().enumerate() {
        let next_is_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        let after_upper = index > 0 && chars[index - 1].is_uppercase();
        let starts = char.is_uppercase() && (!after_upper || next_is_lower);
        if (char == '_' || starts) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if char != '_' {
            word.extend(char.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_from_both_styles() {
        for name in ["display_name", "DisplayName"] {
            let all = ALL.map(|(_, case)| case.apply(name));
            assert_eq!(
                all,
                [
                    "displayname",
                    "DISPLAYNAME",
                    "DisplayName",
                    "displayName",
                    "display_name",
                    "DISPLAY_NAME",
                    "display-name",
                    "DISPLAY-NAME"
                ]
            );
        }
        assert_eq!(Case::Snake.apply("HTTPServer2"), "http_server2");
        assert_eq!(Case::Camel.apply("_x"), "x");
        assert_eq!(Case::Snake.apply("Straße"), "straße");
    }
}
