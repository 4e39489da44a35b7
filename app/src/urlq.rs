//! The query of a list in the URL, both ways. A word that means nothing is an error, not a guess.

use console::{Direction, Filter, ReplicaQuery, Sort, UiError};

/// Reads a replica query from the URL's parameters.
pub fn replica_query(get: impl Fn(&str) -> Option<String>) -> Result<ReplicaQuery, UiError> {
    let given = |key: &str| get(key).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    fn word<T: std::str::FromStr + Default>(key: &str, value: Option<String>) -> Result<T, UiError>
    where
        T::Err: std::fmt::Display,
    {
        value.map_or_else(
            || Ok(T::default()),
            |v| v.parse().map_err(|e: T::Err| invalid(key, &e.to_string())),
        )
    }
    let search = given("q").unwrap_or_default();
    if search.chars().count() > 200 {
        return Err(invalid("q", "at most 200 characters"));
    }
    Ok(ReplicaQuery {
        filter: word::<Filter>("show", given("show"))?,
        search,
        tenant: given("tenant")
            .map(|t| {
                t.parse()
                    .map_err(|e: console::InvalidId| invalid("tenant", &e.to_string()))
            })
            .transpose()?,
        host: given("host"),
        code: given("code"),
        policy: given("policy"),
        sort: word::<Sort>("sort", given("sort"))?,
        direction: word::<Direction>("dir", given("dir"))?,
        // What it says is the console's: it names the parameter when it cannot be read.
        cursor: given("cursor"),
        limit: ReplicaQuery::PAGE_ROWS,
    })
}

fn invalid(field: &str, text: &str) -> UiError {
    UiError::Invalid {
        field: field.to_owned(),
        text: text.to_owned(),
    }
}

/// The address of a replica query; what is the default is left out.
pub fn replica_href(query: &ReplicaQuery) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    if query.filter != Filter::default() {
        pairs.push(("show", query.filter.to_string()));
    }
    if !query.search.is_empty() {
        pairs.push(("q", query.search.clone()));
    }
    if let Some(tenant) = &query.tenant {
        pairs.push(("tenant", tenant.to_string()));
    }
    if let Some(host) = &query.host {
        pairs.push(("host", host.clone()));
    }
    if let Some(code) = &query.code {
        pairs.push(("code", code.clone()));
    }
    if let Some(policy) = &query.policy {
        pairs.push(("policy", policy.clone()));
    }
    if query.sort != Sort::default() {
        pairs.push(("sort", query.sort.to_string()));
    }
    if query.direction != Direction::default() {
        pairs.push(("dir", query.direction.to_string()));
    }
    if let Some(cursor) = &query.cursor {
        pairs.push(("cursor", cursor.clone()));
    }
    let query: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={}", escape(value)))
        .collect();
    if query.is_empty() {
        "/replicas".to_owned()
    } else {
        format!("/replicas?{}", query.join("&"))
    }
}

/// Percent-encodes everything but unreserved characters.
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ReplicaQuery, UiError> {
        replica_query(|key| {
            pairs
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn an_empty_url_is_the_default_query_and_back() {
        let query = read(&[]).expect("default");
        assert_eq!(query, ReplicaQuery::default());
        assert_eq!(replica_href(&query), "/replicas");
    }

    #[test]
    fn a_query_survives_the_way_through_the_url() {
        let query = read(&[
            ("show", "waiting"),
            ("q", "sql 03&x"),
            ("tenant", "contoso"),
            ("sort", "host"),
            ("dir", "desc"),
            ("cursor", "after~host~desc~hv-1~contoso~sql*20a~7"),
        ])
        .expect("valid");
        assert_eq!(
            replica_href(&query),
            "/replicas?show=waiting&q=sql%2003%26x&tenant=contoso&sort=host&dir=desc&cursor=after~host~desc~hv-1~contoso~sql%2A20a~7"
        );
    }

    #[test]
    fn a_word_that_means_nothing_is_named() {
        for (key, value) in [
            ("show", "green"),
            ("sort", "luck"),
            ("dir", "up"),
            ("tenant", "../x"),
        ] {
            assert!(
                matches!(read(&[(key, value)]), Err(UiError::Invalid { field, .. }) if field == key),
                "{key}"
            );
        }
    }
}
