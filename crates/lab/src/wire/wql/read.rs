//! From text to a query.

use super::{
    Associators, Condition, Literal, NESTING_MAX, Operator, QUERY_BYTES_MAX, Query, QueryError, Select,
};
use crate::wire::cim::Reference;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Name(String),
    Text(String),
    Number(i128),
    Sign(&'static str),
}

/// Reads one query.
///
/// # Errors
/// [`QueryError`] saying what was expected.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    if text.len() > QUERY_BYTES_MAX {
        return refuse("the query is longer than 16 KiB");
    }
    let trimmed = text.trim().trim_end_matches(';').trim_end();
    let head: String = trimmed.chars().take(11).collect();
    if head.eq_ignore_ascii_case("ASSOCIATORS") {
        return associators(trimmed);
    }
    let mut reader = Reader {
        words: words(trimmed)?,
        at: 0,
    };
    reader.keyword("SELECT")?;
    let columns = reader.columns()?;
    reader.keyword("FROM")?;
    let class = reader.name()?;
    let condition = if reader.take_keyword("WHERE") {
        Some(reader.or(0)?)
    } else {
        None
    };
    match reader.words.get(reader.at) {
        None => Ok(Query::Select(Select {
            columns,
            class,
            condition,
        })),
        Some(word) => refuse(&format!("{word:?} is not expected here")),
    }
}

fn refuse<T>(reason: &str) -> Result<T, QueryError> {
    Err(QueryError(reason.to_owned()))
}

fn associators(text: &str) -> Result<Query, QueryError> {
    let open = text
        .find('{')
        .ok_or_else(|| QueryError("ASSOCIATORS OF needs {path}".to_owned()))?;
    let close = text.rfind('}').filter(|close| *close > open);
    let close = close.ok_or_else(|| QueryError("ASSOCIATORS OF needs {path}".to_owned()))?;
    let head: Vec<&str> = text[..open].split_whitespace().collect();
    if head.len() != 2 || !head[1].eq_ignore_ascii_case("OF") {
        return refuse("ASSOCIATORS OF needs {path}");
    }
    let path = text[open + 1..close].trim().replace('\'', "\"");
    let source =
        Reference::from_path(&path).ok_or_else(|| QueryError(format!("{path} is no object path")))?;
    let mut made = Associators {
        source,
        association: None,
        result: None,
    };
    let mut reader = Reader {
        words: words(&text[close + 1..])?,
        at: 0,
    };
    if reader.words.is_empty() {
        return Ok(Query::Associators(made));
    }
    reader.keyword("WHERE")?;
    while reader.at < reader.words.len() {
        let name = reader.name()?;
        if !reader.sign("=") {
            return refuse("= is expected");
        }
        let value = reader.name()?;
        match name.to_ascii_lowercase().as_str() {
            "assocclass" => made.association = Some(value),
            "resultclass" => made.result = Some(value),
            _ => return refuse(&format!("{name} is not known behind ASSOCIATORS OF")),
        }
    }
    Ok(Query::Associators(made))
}

struct Reader {
    words: Vec<Word>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += usize::from(word.is_some());
        word
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.words.get(self.at), Some(Word::Name(name)) if name.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), QueryError> {
        if self.take_keyword(keyword) {
            Ok(())
        } else {
            refuse(&format!("{keyword} is expected"))
        }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.words.get(self.at), Some(Word::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Result<String, QueryError> {
        match self.next() {
            Some(Word::Name(name)) => Ok(name),
            other => refuse(&format!("a name is expected, not {other:?}")),
        }
    }

    fn columns(&mut self) -> Result<Option<Vec<String>>, QueryError> {
        if self.sign("*") {
            return Ok(None);
        }
        let mut columns = vec![self.name()?];
        while self.sign(",") {
            columns.push(self.name()?);
        }
        Ok(Some(columns))
    }

    fn or(&mut self, depth: usize) -> Result<Condition, QueryError> {
        let mut left = self.and(depth)?;
        let mut n = 0;
        while self.take_keyword("OR") {
            n += 1;
            if n > 256 {
                return refuse("more than 256 conditions in a row");
            }
            left = Condition::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<Condition, QueryError> {
        let mut left = self.unary(depth)?;
        let mut n = 0;
        while self.take_keyword("AND") {
            n += 1;
            if n > 256 {
                return refuse("more than 256 conditions in a row");
            }
            left = Condition::And(Box::new(left), Box::new(self.unary(depth)?));
        }
        Ok(left)
    }

    fn unary(&mut self, depth: usize) -> Result<Condition, QueryError> {
        if depth > NESTING_MAX {
            return refuse("the conditions are nested too deep");
        }
        if self.take_keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.sign("(") {
            let inside = self.or(depth + 1)?;
            return if self.sign(")") {
                Ok(inside)
            } else {
                refuse(") is expected")
            };
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Condition, QueryError> {
        let property = self.name()?;
        if self.take_keyword("IS") {
            let operator = if self.take_keyword("NOT") {
                Operator::Unequal
            } else {
                Operator::Equal
            };
            self.keyword("NULL")?;
            return Ok(Condition::Compare {
                property,
                operator,
                literal: Literal::Null,
            });
        }
        let operator = if self.take_keyword("LIKE") {
            Operator::Like
        } else {
            match self.next() {
                Some(Word::Sign("=")) => Operator::Equal,
                Some(Word::Sign("<>")) => Operator::Unequal,
                Some(Word::Sign("<")) => Operator::Less,
                Some(Word::Sign("<=")) => Operator::LessOrEqual,
                Some(Word::Sign(">")) => Operator::Greater,
                Some(Word::Sign(">=")) => Operator::GreaterOrEqual,
                other => return refuse(&format!("a comparison is expected, not {other:?}")),
            }
        };
        let literal = match self.next() {
            Some(Word::Text(text)) => Literal::Text(text),
            Some(Word::Number(n)) => Literal::Number(n),
            Some(Word::Name(name)) if name.eq_ignore_ascii_case("TRUE") => Literal::Bool(true),
            Some(Word::Name(name)) if name.eq_ignore_ascii_case("FALSE") => Literal::Bool(false),
            Some(Word::Name(name)) if name.eq_ignore_ascii_case("NULL") => Literal::Null,
            other => return refuse(&format!("a value is expected, not {other:?}")),
        };
        Ok(Condition::Compare {
            property,
            operator,
            literal,
        })
    }
}

fn words(text: &str) -> Result<Vec<Word>, QueryError> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' | '"' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        None => return refuse("a quotation mark is missing"),
                        Some('\\') => value.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => value.push(other),
                    }
                }
                out.push(Word::Text(value));
            }
            '<' if chars.next_if_eq(&'>').is_some() => out.push(Word::Sign("<>")),
            '!' if chars.next_if_eq(&'=').is_some() => out.push(Word::Sign("<>")),
            '<' if chars.next_if_eq(&'=').is_some() => out.push(Word::Sign("<=")),
            '>' if chars.next_if_eq(&'=').is_some() => out.push(Word::Sign(">=")),
            '<' => out.push(Word::Sign("<")),
            '>' => out.push(Word::Sign(">")),
            '=' => out.push(Word::Sign("=")),
            '*' => out.push(Word::Sign("*")),
            ',' => out.push(Word::Sign(",")),
            '(' => out.push(Word::Sign("(")),
            ')' => out.push(Word::Sign(")")),
            c if c.is_ascii_digit() || c == '-' => {
                let mut digits = String::from(c);
                while let Some(d) = chars.next_if(char::is_ascii_digit) {
                    digits.push(d);
                }
                match digits.parse() {
                    Ok(n) => out.push(Word::Number(n)),
                    Err(_) => return refuse(&format!("{digits} is no number")),
                }
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::from(c);
                while let Some(d) = chars.next_if(|d| d.is_ascii_alphanumeric() || *d == '_') {
                    name.push(d);
                }
                out.push(Word::Name(name));
            }
            other => return refuse(&format!("{other} is not expected here")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_class_are_read() {
        let Query::Select(select) = parse("select Name, ElementName from Msvm_ComputerSystem;").unwrap()
        else {
            panic!()
        };
        assert_eq!(
            select.columns,
            Some(vec!["Name".to_owned(), "ElementName".to_owned()])
        );
        assert_eq!(
            (select.class.as_str(), select.condition),
            ("Msvm_ComputerSystem", None)
        );
    }

    #[test]
    fn associators_name_a_path_and_classes() {
        let text = "ASSOCIATORS OF {Msvm_ConcreteJob.InstanceID=\"1\"} WHERE AssocClass = Msvm_AffectedJobElement \
                    ResultClass=Msvm_VirtualSystemSettingData";
        let Query::Associators(a) = parse(text).unwrap() else {
            panic!()
        };
        assert_eq!(a.source.key("InstanceID"), Some("1"));
        assert_eq!(a.result.as_deref(), Some("Msvm_VirtualSystemSettingData"));
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = format!("SELECT * FROM X WHERE {}A=1{}", "(".repeat(100), ")".repeat(100));
        let nots = format!("SELECT * FROM X WHERE {}A=1", "NOT ".repeat(1000));
        let table = [
            "",
            "SELECT",
            "SELECT * FROM",
            "SELECT * X",
            "SELECT , FROM X",
            "SELECT * FROM X WHERE",
            "SELECT * FROM X WHERE A",
            "SELECT * FROM X WHERE A =",
            "SELECT * FROM X WHERE A = 'b",
            "SELECT * FROM X WHERE A = 1 B",
            "SELECT * FROM X; DROP",
            "SELECT * FROM X WHERE A = -",
            "ASSOCIATORS OF",
            "ASSOCIATORS OF {}",
            "ASSOCIATORS {A.B=\"1\"}",
            "DELETE FROM X",
            &deep,
            &nots,
        ];
        for bad in table {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
