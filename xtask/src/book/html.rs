//! Reads the anchors and links of a page of HTML, as mdBook and rustdoc write them.

use std::collections::HashSet;

/// What links need to know of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The anchors that a link can name.
    pub(super) ids: HashSet<String>,
    /// The targets of the links and images of its main part.
    pub(super) links: Vec<String>,
    /// Text in its main part that was written as a link and did not become one.
    pub(super) no_links: Vec<String>,
}

impl Page {
    /// Reads a page. `whole`: every link counts, and not only those in the main part.
    pub(super) fn read(html: &str, whole: bool) -> Self {
        let mut page = Self::default();
        let mut main = whole;
        let mut code = 0usize;
        let mut rest = html;
        while let Some(start) = rest.find('<') {
            if main && code == 0 && !whole {
                page.text(&rest[..start]);
            }
            rest = &rest[start..];
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let (tag, after) = tag(rest);
            rest = after;
            match tag.name {
                "main" => main = true,
                "/main" => main = whole,
                "code" | "pre" => code += 1,
                "/code" | "/pre" => code = code.saturating_sub(1),
                // Their content is no HTML.
                "script" | "style" => {
                    let end = if tag.name == "script" { "</script" } else { "</style" };
                    rest = rest.find(end).map_or("", |end| &rest[end..]);
                }
                _ => {}
            }
            for (name, value) in tag.attributes {
                match name {
                    "id" => drop(page.ids.insert(plain(value))),
                    "name" if tag.name == "a" => drop(page.ids.insert(plain(value))),
                    "href" | "src" if main => page.links.push(plain(value)),
                    _ => {}
                }
            }
        }
        page
    }

    fn text(&mut self, text: &str) {
        for mark in ["](", "]["] {
            if let Some(at) = text.find(mark) {
                let start = text[..at].rfind('[').unwrap_or(at);
                self.no_links.push(plain(&text[start..]).chars().take(60).collect());
            }
        }
    }
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// Reads the tag at the start of the text. Returns it with the text after it.
fn tag(text: &str) -> (Tag<'_>, &str) {
    let inside = &text[1..];
    let end = inside.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(inside.len());
    let name = inside[..end].trim_end_matches(['/', '<']);
    let mut rest = &inside[end..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (Tag { name, attributes }, rest.strip_prefix('>').unwrap_or(rest));
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap_or(rest.len());
        let attribute = &rest[..end.max(1)];
        rest = rest[end.max(1)..].trim_start();
        let Some(value) = rest.strip_prefix('=') else { continue };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => {
                let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
                value.split_at(end)
            }
        };
        attributes.push((attribute, value));
        rest = after;
    }
}

/// Text without character references.
fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    for (reference, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")]
    {
        plain = plain.replace(reference, character);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = r##"<body id=top><a href="away.html">no</a><script src="x.js">if (a<b) "<a href='no'>"</script>
        <main><h1 id="one"><a class="header" href="#one">One</a></h1><!-- <a href="no"> -->
        <img  src='a&amp;b.png' alt="<main"/><a name="old" disabled href=bare.html>x</a><br/>
        [text][missing] <code>a[0][1]</code></main><a href="out.html"></body>"##;

    #[test]
    fn anchors_and_links_of_the_main_part_are_read() {
        let page = Page::read(HTML, false);
        assert_eq!(page.ids, ["top", "one", "old"].map(str::to_owned).into());
        assert_eq!(page.links, ["#one", "a&b.png", "bare.html"]);
        assert_eq!(page.no_links, ["[text][missing] "]);
    }

    #[test]
    fn all_links_of_a_whole_page_are_read() {
        let links = Page::read(HTML, true).links;
        assert_eq!(links, ["away.html", "x.js", "#one", "a&b.png", "bare.html", "out.html"]);
    }

    #[test]
    fn any_cut_of_a_page_can_be_read() {
        for end in 0..HTML.len() {
            assert!(Page::read(&HTML[..end], true).links.len() <= 6);
        }
    }
}
