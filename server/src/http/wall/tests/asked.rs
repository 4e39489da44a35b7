//! What each route of the table is asked for.

/// Every route with what its requests can name; the file says how.
const ASKED: &str = include_str!("asked.txt");

/// A line of it.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub method: &'static str,
    pub route: &'static str,
    /// `None`: nothing of anybody's is named.
    pub path: Option<&'static str>,
    pub sent: &'static str,
    pub kind: &'static str,
}

pub fn lines() -> Vec<Line> {
    let text = ASKED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    text.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let (path, sent, kind) = match words[2..] {
            ["-"] => (None, "", ""),
            [path] => (Some(path), "", ""),
            [path, "form", sent] => (Some(path), sent, "application/x-www-form-urlencoded"),
            [path, "json", sent] => (Some(path), sent, "application/json"),
            _ => panic!("not a line: {line}"),
        };
        Line {
            method: words[0],
            route: words[1],
            path,
            sent,
            kind,
        }
    })
    .collect()
}

/// Lines with something in them that can be somebody's.
pub fn naming() -> impl Iterator<Item = (Line, &'static str)> {
    lines()
        .into_iter()
        .filter_map(|line| line.path.map(|path| (line, path)))
}

/// Pages in which nothing is named.
pub fn plain() -> impl Iterator<Item = Line> {
    lines()
        .into_iter()
        .filter(|line| line.path.is_none() && line.method == "GET")
}

/// Names in a request, and what stands for them.
pub type Values = [(&'static str, String)];

/// What nobody has.
pub fn nobodys() -> Vec<(&'static str, String)> {
    let id = uuid::Uuid::from_u128(0x0404_0404_0404_0404_0404_0404_0404_0404).to_string();
    let known = |name| match name {
        "<day>" => "2001-01-01".to_owned(),
        "<month>" => "2024-10".to_owned(),
        "<disk>" => "0".to_owned(),
        "<hold>" => "987654".to_owned(),
        "<name>" | "<login>" | "<policy>" | "<host>" => "zzz-nobody".to_owned(),
        "<tenant>" => "zzz-no-tenant".to_owned(),
        "<rule>" => "*.zzz.example".to_owned(),
        "<older>" => "31".to_owned(),
        _ => id.clone(),
    };
    let names = [
        "<replica>",
        "<vm>",
        "<name>",
        "<host>",
        "<day>",
        "<month>",
        "<attempt>",
        "<sealed>",
        "<point>",
        "<disk>",
        "<hold>",
        "<person>",
        "<login>",
        "<invitation>",
        "<token>",
        "<session>",
        "<elsewhere>",
        "<older>",
        "<policy>",
        "<rule>",
        "<tenant>",
    ];
    names.map(|name| (name, known(name))).into()
}

pub fn filled(template: &str, values: &Values) -> String {
    let text = values.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    });
    assert!(!text.contains('<'), "nothing stands for a name in {template}");
    text
}
